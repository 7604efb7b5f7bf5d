import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readIssuedToken } from '#lib/issued-token.ts'
import { readRootKeys } from '#lib/root-keys.ts'
import { makeUserId } from '#users/base/user-id.ts'
import { rootKey } from '#harness/root-key.ts'

const base64Url = (length: number) => fc.stringMatching(new RegExp(`^[A-Za-z0-9_-]{${length}}$`))
const parts = fc.record({
  name: base64Url(22),
  keyId: fc.stringMatching(/^[A-Za-z0-9]{1,16}$/),
  mac: base64Url(43),
  grant: base64Url(16),
  secret: base64Url(32),
})
type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never
const textOf = ({ name, keyId, mac, grant, secret }: Parts) => `${name}.${keyId}.${mac}:${grant}:${secret}`

test('the parts of a token come back as they were put together', () =>
  fc.assert(
    fc.property(parts, (given) => {
      const { name, keyId, mac, grant } = given
      expect(readIssuedToken(textOf(given))).toEqual({ user: `${name}.${keyId}.${mac}`, keyId, grant })
    }),
  ))

test('the user id is one that this server makes', async () => {
  const keys = readRootKeys(rootKey('k1'), undefined)
  if (!keys.ok) throw new Error(keys.error)
  const user = await makeUserId(keys.value[0], 'https://issuer.example', 'ada')
  const grant = 'g'.repeat(16)
  expect(readIssuedToken(`${user}:${grant}:${'s'.repeat(32)}`)).toEqual({ user, keyId: 'k1', grant })
})

test('every other text is null', () =>
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.webUrl()), (text) => {
      expect(readIssuedToken(text)).toBeNull()
    }),
  ))

test.each(['name', 'mac', 'grant', 'secret'] as const)('a %s that is one character off is null', (part) =>
  fc.assert(
    fc.property(parts, (given) => {
      expect(readIssuedToken(textOf({ ...given, [part]: `${given[part]}A` }))).toBeNull()
      expect(readIssuedToken(textOf({ ...given, [part]: given[part].slice(1) }))).toBeNull()
    }),
  ),
)

test('a key id has one to sixteen letters and digits', () =>
  fc.assert(
    fc.property(
      parts,
      fc.constantFrom('', 'k'.repeat(17), 'k-1', 'k_1', 'k.1', 'k:1', 'ķ'),
      (given, keyId) => {
        expect(readIssuedToken(textOf({ ...given, keyId }))).toBeNull()
      },
    ),
  ))

test('text around a token, or a character that no token has, makes it null', () =>
  fc.assert(
    fc.property(
      parts,
      fc.constantFrom(' ', '\n', '\r', '\0', ':', '.', '~', '%', '/', '+', '=', 'é', '\u{1F511}'),
      fc.nat(),
      (given, odd, at) => {
        const text = textOf(given)
        expect(readIssuedToken(`${odd}${text}`)).toBeNull()
        expect(readIssuedToken(`${text}${odd}`)).toBeNull()
        const place = at % text.length
        const changed = text.slice(0, place) + odd + text.slice(place + 1)
        expect(changed === text || readIssuedToken(changed) === null).toBe(true)
      },
    ),
  ))

// Four checks parsed tokens with looser bounds: each of these texts passed one of them.
test.each([
  ['a user id without a MAC', `ada:${'g'.repeat(16)}:${'s'.repeat(32)}`],
  ['a user id of 100 characters', `${'u'.repeat(100)}:${'g'.repeat(16)}:${'s'.repeat(32)}`],
  ['no secret', `${'n'.repeat(22)}.k1.${'m'.repeat(43)}:${'g'.repeat(16)}:`],
  ['a key id alone', `${'n'.repeat(22)}.k1.`],
  ['a short grant id', `${'n'.repeat(22)}.k1.${'m'.repeat(43)}:g1:${'s'.repeat(32)}`],
])('%s is not enough', (_what, text) => {
  expect(readIssuedToken(text)).toBeNull()
})
