import { expect, test } from 'vitest'
import { importSigningKey, readSigningKeys } from '#lib/signing-keys.ts'
import { makePrivateJwk, privatePartsOf, publicHalfOf } from '#harness/make-private-jwk.ts'

const a = makePrivateJwk('a')
const b = makePrivateJwk('b')
const read = (value: unknown) => readSigningKeys(JSON.stringify(value))
const valueOf = (value: unknown) => {
  const keys = read(value)
  if (!keys.ok) throw new Error(keys.error)
  return keys.value
}

test('a private key alone signs, and its public half is published', () => {
  const keys = valueOf(a)
  expect(keys.active).toMatchObject({ kid: 'a', alg: 'RS256' })
  expect(keys.published).toEqual([publicHalfOf(a)])
})

test('of a set the first key signs and all are published, in their order', () => {
  const keys = valueOf({ keys: [b, a] })
  expect(keys.active.kid).toBe('b')
  expect(keys.published).toEqual([publicHalfOf(b), publicHalfOf(a)])
})

test('a key that is only published needs no private half', () => {
  expect(valueOf({ keys: [a, publicHalfOf(b)] }).published.map(({ kid }) => kid)).toEqual(['a', 'b'])
})

test('what is published has no private part, whatever else the keys carry', () => {
  const printed = JSON.stringify(valueOf({ keys: [{ ...a, note: 'mine' }, b] }).published)
  for (const part of [...privatePartsOf(a), ...privatePartsOf(b), 'mine']) expect(printed).not.toContain(part)
})

test('printing the keys shows none of their private parts', () => {
  const keys = valueOf(a)
  for (const part of privatePartsOf(a)) {
    expect(`${JSON.stringify(keys)} ${String(keys.active.jwk)}`).not.toContain(part)
  }
})

test('`alg` and `use` may be left out: RS256, for signatures', () => {
  const { alg: _alg, use: _use, ...bare } = a
  expect(valueOf(bare).published).toEqual([publicHalfOf(a)])
})

test.each([
  ['no JSON', 'hunter2', 'no object'],
  ['another JSON', JSON.stringify(['hunter2']), 'no object'],
  ['an empty set', JSON.stringify({ keys: [] }), 'one to 4'],
  ['five keys', JSON.stringify({ keys: [1, 2, 3, 4, 5].map((n) => ({ ...a, kid: `k${n}` })) }), 'one to 4'],
  ['a public key to sign with', JSON.stringify(publicHalfOf(a)), 'd, p, q, dp, dq, qi'],
  ['a key without id', JSON.stringify({ ...a, kid: undefined }), '(kid)'],
  ['an id with a line break', JSON.stringify({ ...a, kid: 'a\nb' }), '(kid)'],
  ['a part that is no base64url', JSON.stringify({ ...a, q: 'hunter2=' }), '(q)'],
  ['a short modulus', JSON.stringify(makePrivateJwk('a', { bits: 1024 })), '(n)'],
  ['a key for encryption', JSON.stringify({ ...a, use: 'enc' }), '(use)'],
  ['no algorithm at all', JSON.stringify({ ...a, alg: 'none' }), '(alg)'],
  ['a shared secret', JSON.stringify({ kty: 'oct', kid: 'a', k: 'hunter2' }), 'kty'],
  ['a curve, which PingOne does not take', JSON.stringify({ kty: 'EC', kid: 'a', crv: 'P-256' }), 'kty'],
  ['one id twice', JSON.stringify({ keys: [a, { ...b, kid: 'a' }] }), 'one kid twice'],
  ['a second key that is none', JSON.stringify({ keys: [a, { kid: 'hunter2' }] }), 'key 2'],
])('%s is refused in words without its values', (_what, text, said) => {
  const keys = readSigningKeys(text)
  if (keys.ok) throw new Error('accepted')
  expect(keys.error).toContain(said)
  for (const value of ['hunter2', a.n, a.d, a.qi]) expect(keys.error).not.toContain(value)
})

test('the imported key signs and cannot be taken out', async () => {
  const key = await importSigningKey(valueOf({ ...a, alg: 'RS512' }).active)
  expect(key).toMatchObject({
    extractable: false,
    usages: ['sign'],
    algorithm: { hash: { name: 'SHA-512' } },
  })
})
