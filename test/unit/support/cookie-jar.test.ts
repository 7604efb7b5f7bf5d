import { expect, test } from 'vitest'
import { CookieJar } from '#harness/cookie-jar.ts'

const set = (...lines: string[]) => new Headers(lines.map((line) => ['set-cookie', line]))
const mcp = new URL('http://localhost:8787/authorize')

test('cookies of one port go to every port of the host, and to no other host', () => {
  const jar = new CookieJar()
  jar.store(mcp, set('a=1; Path=/'))
  expect(jar.header(new URL('http://localhost:8789/x'))).toBe('a=1')
  expect(jar.header(new URL('http://127.0.0.1:8787/'))).toBe('')
})

test('a Secure cookie works on http://localhost, and nowhere else by http', () => {
  const jar = new CookieJar()
  jar.store(mcp, set('__Host-a=1; Path=/; Secure; HttpOnly'))
  jar.store(new URL('http://example.com/'), set('b=1; Secure'))
  expect(jar.header(mcp)).toBe('__Host-a=1')
  expect(jar.header(new URL('http://example.com/'))).toBe('')
})

test.each([
  '__Host-a=1; Path=/',
  '__Host-a=1; Secure; Path=/x',
  '__Host-a=1; Secure; Path=/; Domain=localhost',
])('a prefix that is not kept is refused: %s', (line) => {
  const jar = new CookieJar()
  jar.store(mcp, set(line))
  expect(jar.names(mcp)).toEqual([])
})

test('paths match by segment, the longest first; Max-Age=0 removes', () => {
  const jar = new CookieJar()
  jar.store(mcp, set('root=1; Path=/', 'deep=1; Path=/authorize'))
  expect(jar.header(mcp)).toBe('deep=1; root=1')
  expect(jar.header(new URL('/authorizer', mcp))).toBe('root=1')
  jar.store(mcp, set('deep=; Path=/authorize; Max-Age=0'))
  expect(jar.header(mcp)).toBe('root=1')
})
