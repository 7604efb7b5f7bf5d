import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  errorRedirect,
  isLoopbackRedirect,
  isSameRedirect,
  redirectWith,
} from '#authorization/login/redirect-uri.ts'

const own = fc.stringMatching(/^[A-Za-z0-9%&=+._~-]{0,30}$/)
const value = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).map((text) => text.toWellFormed())

test('an answer stands behind the own query of a redirect URI, which stays as it was', () =>
  fc.assert(
    fc.property(own, value, value, (query, code, state) => {
      fc.pre(!['code', 'state', 'iss', 'error'].some((name) => new URLSearchParams(query).has(name)))
      const registered = `https://app.example/cb${query === '' ? '' : `?${query}`}`
      const home = redirectWith(registered, { code, state, iss: 'https://mcp.example' })
      expect(home.startsWith(`${registered}${query === '' ? '?' : '&'}code=`)).toBe(true)
      const { searchParams } = new URL(home)
      expect([searchParams.getAll('code'), searchParams.getAll('state')]).toEqual([[code], [state]])
    }),
  ))

test.for([
  ['https://app.example/cb?', 'https://app.example/cb?code=c'],
  ['https://app.example/cb?code=1', 'https://app.example/cb?code=c'],
  ['https://app.example/cb?a=1&%63ode=1&b=/?x', 'https://app.example/cb?a=1&b=/?x&code=c'],
  ['https://app.example/cb?a&&code=1&&b', 'https://app.example/cb?a&&&b&code=c'],
  ['https://app.example/cb?code=1&', 'https://app.example/cb?code=c'],
  ['https://app.example/cb?error=x&a', 'https://app.example/cb?a&code=c'],
  ['https://app.example/ü?ü=1', 'https://app.example/%C3%BC?%C3%BC=1&code=c'],
])('the answer at %s is %s', ([registered = '', home]) => {
  expect(redirectWith(registered, { code: 'c' })).toBe(home)
})

test('an error has no empty field, and its words stay words', () => {
  const request = { redirectUri: 'http://localhost/cb', state: '', issuer: undefined }
  expect(errorRedirect(request, 'access_denied', 'a & b=c')).toBe(
    'http://localhost/cb?error=access_denied&error_description=a+%26+b%3Dc',
  )
})

test('two redirect URIs are the same letter by letter, but for the port on this machine', () =>
  fc.assert(
    fc.property(
      fc.constantFrom('localhost', '127.0.0.1', '127.1.2.3', '[::1]'),
      fc.webPath(),
      fc.option(fc.nat(65_535)),
      fc.option(fc.nat(65_535)),
      fc.nat(60),
      fc.constantFrom('x', '%', ' ', 'A', '/', '\\', '\t'),
      (host, path, one, other, at, letter) => {
        const uri = (port: number | null) => `http://${host}${port === null ? '' : `:${port}`}${path}`
        expect(isSameRedirect(uri(one), uri(other))).toBe(true)
        const whole = uri(one)
        const place = at % (whole.length + 1)
        const changed = `${whole.slice(0, place)}${letter}${whole.slice(place)}`
        expect([changed, isSameRedirect(whole, changed)]).toEqual([changed, false])
      },
    ),
    { numRuns: 1000 },
  ))

test.for([
  'https://localhost/cb',
  'http://127.0.0.1.evil.example/',
  'http://localhost@evil.example/',
  'http://localhost.evil.example',
  'http://127.1/',
  ' http://localhost/',
  'http://LOCALHOST/',
])('%j is not this machine', (uri) => {
  expect(isLoopbackRedirect(uri)).toBe(false)
})
