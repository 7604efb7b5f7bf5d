import { expect, test } from 'vitest'
import { readRootKeys } from '#lib/root-keys.ts'
import { readCall, writeCall } from '#mcp/session/headers.ts'
import type { CallStart } from '#users/calls/calls.ts'

const TOKEN = 'downstream-token-must-not-leak'
const CALL = '0f8fad5b-d9cb-469f-a165-70867728950e'
const read = readRootKeys(`k1:${'A'.repeat(43)}`, undefined)
if (!read.ok) throw new Error(read.error)
const rootKeys = read.value

const start: CallStart = { verdict: 'go', call: CALL, downstreamToken: TOKEN, user: { name: 'Ada' } }
const message = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { arguments: { text: 'a private text' } },
}
const origin = { network: '192.0.2.0/24', agent: 'other', bytesIn: 100, session: 'a1b2c3d4e5f60718' }
const call = { start, transaction: CALL, isKeyed: true, origin, message }
const written = () => writeCall(rootKeys, 'session-a', call, 1_000)

test('a call reaches its session as it was, and its header shows neither token nor arguments', async () => {
  const header = await written()
  for (const secret of [TOKEN, 'Ada', 'a private text'])
    for (const form of [secret, btoa(secret)]) expect(header).not.toContain(form)
  expect(header.split(' ')[0]).toBe(CALL)
  expect(await readCall(rootKeys, 'session-a', header, 1_030)).toEqual(call)
})

test.each([
  ['in another session', 'session-b', CALL, 1_000],
  ['for another call', 'session-a', crypto.randomUUID(), 1_000],
  ['after 30 seconds', 'session-a', CALL, 1_031],
])('a call cannot be used %s', async (_what, session, transaction, nowSeconds) => {
  const header = (await written()).replace(CALL, transaction)
  await expect(readCall(rootKeys, session, header, nowSeconds)).rejects.toThrow(Error)
})

test('a header that was changed opens nothing', async () => {
  const header = await written()
  const changed = header.slice(0, -2) + (header.endsWith('AA') ? 'BB' : 'AA')
  await expect(readCall(rootKeys, 'session-a', changed, 1_000)).rejects.toThrow(Error)
})
