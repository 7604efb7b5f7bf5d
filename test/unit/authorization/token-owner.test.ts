import { afterEach, expect, test, vi } from 'vitest'
import { tokenOwner } from '#authorization/token/token-owner.ts'
import { readRootKeys } from '#lib/root-keys.ts'
import { makeUserId } from '#users/base/user-id.ts'

const keys = (text: string, retiredRootKeys: string[] = []) => {
  const read = readRootKeys(text, undefined)
  if (!read.ok) throw new Error(read.error)
  return { rootKeys: read.value, retiredRootKeys }
}
const a = `a:${'A'.repeat(43)}`
const b = `b:${'B'.repeat(42)}A`
const tokenUnder = async (text: string) =>
  `${await makeUserId(keys(text).rootKeys[0], 'https://issuer.example', 'ada')}:${'g'.repeat(16)}:${'s'.repeat(32)}`

const logSpy = vi.spyOn(console, 'error').mockImplementation(() => {})
afterEach(() => logSpy.mockClear())

test('a token under a key that is not here may be ours; under one that is retired it is not', async () => {
  const token = await tokenUnder(a)
  expect(await tokenOwner(keys(`${b},${a}`), token)).toMatchObject({ ok: true })
  expect(await tokenOwner(keys(b), token)).toEqual({ ok: false, error: 'key_missing' })
  expect(await tokenOwner(keys(b, ['a']), token)).toEqual({ ok: false, error: 'not_ours' })
  expect(await tokenOwner(keys(b), `${token}x`)).toEqual({ ok: false, error: 'not_ours' })
})

test('each missing key is told once, and a stranger who makes up thousands does not fill the log', async () => {
  const token = await tokenUnder(a)
  for (let index = 0; index < 1000; index += 1) {
    const forged = token.replace('.a.', `.made${index}.`)
    for (let attempt = 0; attempt < 2; attempt += 1)
      expect(await tokenOwner(keys(b), forged)).toEqual({ ok: false, error: 'key_missing' })
  }
  const lines = logSpy.mock.calls.map(([line]) => String(line))
  expect(lines.length).toBeGreaterThan(10)
  expect(lines.length).toBeLessThanOrEqual(20)
  expect(new Set(lines).size).toBe(lines.length)
  expect(lines[0]).toMatch(/"event":"root-key\.missing","key":"made0"/)
})
