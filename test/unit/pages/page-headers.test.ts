import { expect, test } from 'vitest'
import { pageHeaders } from '#pages/html-answer.ts'

const cspOf = (headers: Record<string, string>) =>
  Object.fromEntries(
    (headers['Content-Security-Policy'] ?? '').split('; ').map((directive) => {
      const [name = '', ...sources] = directive.split(' ')
      return [name, sources.join(' ')]
    }),
  )

test('a page may load our stylesheet and script, post to us, be framed by nobody, and nothing else', () => {
  expect(cspOf(pageHeaders({ isHttps: true }))).toEqual({
    'default-src': "'none'",
    'style-src': "'self'",
    'script-src': "'self'",
    'img-src': "'self' data:",
    'form-action': "'self'",
    'base-uri': "'none'",
    'frame-ancestors': "'none'",
  })
})

test('the other headers are the ones we decided on', () => {
  expect(pageHeaders({ isHttps: true })).toMatchObject({
    'Content-Type': 'text/html; charset=utf-8',
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
    'Cache-Control': 'no-store',
    'Cross-Origin-Opener-Policy': 'unsafe-none',
    'Cross-Origin-Resource-Policy': 'same-origin',
  })
})

test('an address does not say where a page is scrolled to, but for the page that marks what ended', () => {
  expect(pageHeaders({ isHttps: true })['Document-Policy']).toBe('force-load-at-top')
  expect(pageHeaders({ isHttps: true, isScrolledByAddress: true })).not.toHaveProperty('Document-Policy')
})

test('https is promised for the future only over https', () => {
  expect(pageHeaders({ isHttps: true })['Strict-Transport-Security']).toBe('max-age=31536000')
  expect(pageHeaders({ isHttps: false })).not.toHaveProperty('Strict-Transport-Security')
})

test('every header value is one line of visible ASCII', () => {
  for (const value of Object.values(pageHeaders({ isHttps: true }))) expect(value).toMatch(/^[\x20-\x7e]+$/)
})
