import { expect, test } from 'vitest'
import { readRootKeys, type RootKey } from '#lib/root-keys.ts'
import { encrypt, decrypt } from '#users/base/encryption.ts'

const keys = (text: string): readonly [RootKey, ...RootKey[]] => {
  const read = readRootKeys(text, undefined)
  if (!read.ok) throw new Error(read.error)
  return read.value
}
const a = `a:${'A'.repeat(43)}`
const b = `b:${'B'.repeat(42)}A`
const place = { purpose: 'downstream-tokens', grant: 'g1' } as const

test('what was encrypted opens in its place, and shows nothing of itself', async () => {
  const encrypted = await encrypt(keys(a), place, 'a token of PingOne')
  expect(encrypted).not.toContain('PingOne')
  expect(await decrypt(keys(a), place, encrypted)).toEqual({ ok: true, value: 'a token of PingOne' })
})

test('it does not open for another grant or purpose, nor when one character changed', async () => {
  const encrypted = await encrypt(keys(a), place, 'secret')
  // Not the last character: some of its bits are unused.
  const changed = `${encrypted.slice(0, -3)}${encrypted.at(-3) === 'A' ? 'B' : 'A'}${encrypted.slice(-2)}`
  const broken = { ok: false, error: { reason: 'broken' } }
  expect(await decrypt(keys(a), { ...place, grant: 'g2' }, encrypted)).toEqual(broken)
  expect(await decrypt(keys(a), { ...place, purpose: 'step-up' }, encrypted)).toEqual(broken)
  expect(await decrypt(keys(a), place, changed)).toEqual(broken)
  expect(await decrypt(keys(a), place, 'v0.nonsense')).toEqual(broken)
})

test('an older key still opens what it encrypted; a removed one is named', async () => {
  const encrypted = await encrypt(keys(a), place, 'secret')
  expect(await decrypt(keys(`${b},${a}`), place, encrypted)).toEqual({ ok: true, value: 'secret' })
  expect(await decrypt(keys(b), place, encrypted)).toEqual({
    ok: false,
    error: { reason: 'key_missing', keyId: 'a' },
  })
  expect(await encrypt(keys(`${b},${a}`), place, 'x')).toMatch(/^v1\.b\./)
})
