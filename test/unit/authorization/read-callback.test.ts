import fc from 'fast-check'
import * as oauth from 'oauth4webapi'
import { expect, test } from 'vitest'
import { readCallback, denialIn } from '#authorization/login/read-callback.ts'

const ISSUER = 'https://auth.pingone.test/x/as'
const NAMES = ['state', 'code', 'error', 'error_description', 'iss', 'response', 'id_token', 'token', 'x']
const value = fc.constantFrom('', ' ', 'a', 'b', ISSUER, 'https://evil.example', 'access_denied')
const pairs = fc.array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 7 })
const addressOf = (sent: [string, string][], path: string) =>
  `https://mcp.example.test${path}?${new URLSearchParams(sent).toString()}`

function codeByLibrary(url: URL): string | null {
  try {
    return oauth
      .validateAuthResponse({ issuer: ISSUER }, { client_id: 'c' }, url, oauth.skipStateCheck)
      .get('code')
  } catch {
    return null
  }
}

test('what is read as a code or as an error, the library reads as that too', () => {
  let codes = 0
  fc.assert(
    fc.property(pairs, fc.constantFrom('/callback', '/signed-in'), (sent, path) => {
      const callback = readCallback(addressOf(sent, path))
      if (callback === null) return
      const { url } = callback
      const values = [...url.searchParams]
      expect(values.every(([, text]) => text !== '')).toBe(true)
      expect(new Set(values.map(([name]) => name)).size).toBe(values.length)
      const isElsewhere = !['', ISSUER].includes(url.searchParams.get('iss') ?? '')
      const isError = denialIn(callback, ISSUER) !== null
      if (!isError && !isElsewhere) codes += 1
      expect(codeByLibrary(url)).toBe(isError || isElsewhere ? null : url.searchParams.get('code'))
    }),
    { numRuns: 3000 },
  )
  expect(codes).toBeGreaterThan(20)
})

test('an error without a name is an error, and nothing is redeemed', () => {
  const callback = readCallback('https://mcp.example.test/callback?state=a&code=b&error=')
  expect(callback && denialIn(callback, ISSUER)).not.toBeNull()
})

test('B9 an empty parameter changes nothing of what is read, but for an error', () => {
  fc.assert(
    fc.property(pairs, fc.subarray(NAMES.filter((name) => name !== 'error')), (sent, empty) => {
      const good = sent.filter(([name, text]) => text !== '' || name === 'error')
      const more = empty.filter((name) => !good.some(([one]) => one === name))
      const padded: [string, string][] = [...more.map((name): [string, string] => [name, '']), ...good]
      const read = (all: [string, string][]) => readCallback(addressOf(all, '/callback'))?.url.href
      expect(read(padded)).toBe(read(good))
    }),
  )
})
