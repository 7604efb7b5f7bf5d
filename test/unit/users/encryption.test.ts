import { expect, test } from 'vitest'
import { readRootKeys, type RootKey } from '#lib/root-keys.ts'
import { seal, unseal } from '#users/base/encryption.ts'

const keys = (text: string): readonly [RootKey, ...RootKey[]] => {
  const read = readRootKeys(text, undefined)
  if (!read.ok) throw new Error(read.error)
  return read.value
}
const a = `a:${'A'.repeat(43)}`
const b = `b:${'B'.repeat(42)}A`
const place = { purpose: 'downstream-tokens', grant: 'g1' }

test('what was sealed opens in its place, and shows nothing of itself', async () => {
  const sealed = await seal(keys(a), place, 'a token of PingOne')
  expect(sealed).not.toContain('PingOne')
  expect(await unseal(keys(a), place, sealed)).toEqual({ ok: true, value: 'a token of PingOne' })
})

test('it does not open for another grant or purpose, nor when one character changed', async () => {
  const sealed = await seal(keys(a), place, 'secret')
  // Not the last one: some of its bits mean nothing.
  const changed = `${sealed.slice(0, -3)}${sealed.at(-3) === 'A' ? 'B' : 'A'}${sealed.slice(-2)}`
  const broken = { ok: false, error: { reason: 'broken' } }
  expect(await unseal(keys(a), { ...place, grant: 'g2' }, sealed)).toEqual(broken)
  expect(await unseal(keys(a), { ...place, purpose: 'other' }, sealed)).toEqual(broken)
  expect(await unseal(keys(a), place, changed)).toEqual(broken)
  expect(await unseal(keys(a), place, 'v0.nonsense')).toEqual(broken)
})

test('an older key still opens what it sealed; a removed one is named', async () => {
  const sealed = await seal(keys(a), place, 'secret')
  expect(await unseal(keys(`${b},${a}`), place, sealed)).toEqual({ ok: true, value: 'secret' })
  expect(await unseal(keys(b), place, sealed)).toEqual({
    ok: false,
    error: { reason: 'key_missing', keyId: 'a' },
  })
  expect(await seal(keys(`${b},${a}`), place, 'x')).toMatch(/^v1\.b\./)
})
