import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { sha256Hex } from '#lib/hash.ts'
import { callMessage } from '../wire.ts'
import { follow, openSession, post, send } from './raw.ts'

// Invariant 3: a stream does not outlive its access token. The Worker under test checks five times a second.
const userOf = (bearer: string) => env.USER.getByName(bearer.split(':')[0] ?? '')
const revoke = async (bearer: string) => userOf(bearer).revokeToken(await sha256Hex(bearer))

async function listenInSession(bearer: string) {
  const session = await openSession(bearer)
  const stream = follow(await send('GET', bearer, { 'mcp-session-id': session }))
  const subscribe = { jsonrpc: '2.0', id: 1, method: 'resources/subscribe', params: { uri: 'todo://list' } }
  await (await post(bearer, subscribe, { 'mcp-session-id': session })).text()
  const write = async (by = bearer) =>
    (await post(by, callMessage('addTodo', { text: 'x' }), { 'mcp-session-id': session })).text()
  return { stream, write }
}

test('the stream of a session ends when its access token is revoked, and is told nothing more', async () => {
  const bearer = 'streams_a:g1:rw.client'
  const { stream, write } = await listenInSession(bearer)
  await write()
  await expect.poll(() => stream.text).toContain('resources/updated')
  await revoke(bearer)
  await expect.poll(() => stream.isOver).toBe(true)
  const { length } = stream.text
  // Another access token of the same grant still writes.
  await write('streams_a:g1:rw.client')
  expect(stream.text).toHaveLength(length)
})

test('the stream of a session ends with the life of its access token', async () => {
  const { stream } = await listenInSession('streams_b:short:rw.client')
  expect(stream.isOver).toBe(false)
  await expect.poll(() => stream.isOver, { timeout: 20_000 }).toBe(true)
})

test('a stream whose access token is good stays open', async () => {
  const { stream, write } = await listenInSession('streams_e:g1:rw.client')
  await scheduler.wait(1000)
  await write()
  await expect.poll(() => stream.text).toContain('resources/updated')
  expect(stream.isOver).toBe(false)
})
