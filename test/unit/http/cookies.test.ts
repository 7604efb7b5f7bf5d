import { expect, test } from 'vitest'
import { droppedCookie, ownCookie, readCookie } from '#http/cookies.ts'

const requestWith = (cookie: string) => new Request('https://mcp.example.test/me', { headers: { cookie } })

test('a cookie is read by its whole name, and only when it came once', () => {
  expect(readCookie(requestWith('a=1; __Host-me=x=y~z; b=2'), '__Host-me')).toBe('x=y~z')
  expect(readCookie(requestWith('__Host-me=x'), '__Host-m')).toBeNull()
  expect(readCookie(requestWith('not__Host-me=x'), '__Host-me')).toBeNull()
  expect(readCookie(requestWith('__Host-me=x; __Host-me=y'), '__Host-me')).toBeNull()
  expect(readCookie(new Request('https://mcp.example.test/'), '__Host-me')).toBeNull()
})

test('what the prefix promises is kept, when it is set and when it is dropped', () => {
  for (const cookie of [ownCookie('__Host-me', 'x', null), droppedCookie('__Host-me')]) {
    expect(cookie).toMatch(/; Path=\/(?:; Max-Age=0)?; Secure; HttpOnly; SameSite=Lax$/)
    expect(cookie).not.toContain('Domain')
  }
  expect(droppedCookie('__Host-me')).toMatch(/^__Host-me=; Path=\/; Max-Age=0/)
})
