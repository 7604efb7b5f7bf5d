import { expect, test } from 'vitest'
import { readRootKeys } from '#lib/root-keys.ts'
import { readCall, splitCall, writeCall } from '#mcp/session/headers.ts'
import type { CallStart } from '#users/calls/calls.ts'

const TOKEN = 'downstream-token-must-not-leak'
const CALL = '0f8fad5b-d9cb-469f-a165-70867728950e'
const read = readRootKeys(`k1:${'A'.repeat(43)}`, undefined)
if (!read.ok) throw new Error(read.error)
const rootKeys = read.value

const start: CallStart = { verdict: 'go', call: CALL, downstreamToken: TOKEN, user: { name: 'Ada' } }
const written = () =>
  writeCall(rootKeys, 'session-a', { start, transaction: CALL, input: { text: 'x' }, isKeyed: true }, 1_000)

test('a call reaches its session as it was, and its header shows neither token nor arguments', async () => {
  const header = await written()
  for (const secret of [TOKEN, btoa(TOKEN), 'Ada']) expect(header).not.toContain(secret)
  const { transaction, encrypted } = splitCall(header)
  expect(transaction).toBe(CALL)
  expect(await readCall(rootKeys, 'session-a', CALL, { encrypted, nowSeconds: 1_030 })).toEqual({
    start,
    transaction: CALL,
    isKeyed: true,
  })
})

test.each([
  ['in another session', 'session-b', CALL, 1_000],
  ['for another call', 'session-a', crypto.randomUUID(), 1_000],
  ['after 30 seconds', 'session-a', CALL, 1_031],
])('a call cannot be used %s', async (_what, session, transaction, nowSeconds) => {
  const { encrypted } = splitCall(await written())
  await expect(readCall(rootKeys, session, transaction, { encrypted, nowSeconds })).rejects.toThrow(Error)
})

test('a header that was changed opens nothing', async () => {
  const { encrypted } = splitCall(await written())
  const changed = encrypted.slice(0, -2) + (encrypted.endsWith('AA') ? 'BB' : 'AA')
  const bent = readCall(rootKeys, 'session-a', CALL, { encrypted: changed, nowSeconds: 1_000 })
  await expect(bent).rejects.toThrow(Error)
})
