import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { MOST_LISTENING } from '#mcp/session/session.ts'
import { callMessage } from '#harness/messages.ts'
import { follow, openSession, post, send, sessionObject } from './raw.ts'

// Invariant 3: a stream does not outlive its access token. The Worker under test checks five times a second.
const userOf = (bearer: string) => env.USER.getByName(bearer.split(':')[0] ?? '')
const revoke = (bearer: string) => userOf(bearer).revokeToken(bearer.split(':')[2] ?? '')

async function listenInSession(bearer: string) {
  const session = await openSession(bearer)
  const stream = follow(await send('GET', bearer, { 'mcp-session-id': session }))
  const subscribe = { jsonrpc: '2.0', id: 1, method: 'resources/subscribe', params: { uri: 'todo://list' } }
  await (await post(bearer, subscribe, { 'mcp-session-id': session })).text()
  const write = async (by = bearer) =>
    (await post(by, callMessage('addTodo', { text: 'x' }), { 'mcp-session-id': session })).text()
  return { stream, write, session }
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

test('two streams of one session do not end each other: the newest is notified, then the older one again', async () => {
  const bearer = 'streams_f:g1:rw.client'
  const { stream: older, write, session } = await listenInSession(bearer)
  const answer = await send('GET', bearer, { 'mcp-session-id': session })
  const newer = follow(answer)
  await write()
  await expect.poll(() => newer.text).toContain('resources/updated')
  expect([older.text.includes('resources/updated'), older.isOver]).toEqual([false, false])
  await runInDurableObject(sessionObject(session), (object) => {
    for (const one of object.getConnections())
      if (JSON.stringify(one.state).includes('_standaloneSse')) one.close()
  })
  await expect.poll(() => newer.isOver).toBe(true)
  await write()
  await expect.poll(() => older.text).toContain('resources/updated')
})

test('of many streams of one session the oldest end', async () => {
  const bearer = 'streams_g:g1:rw.client'
  const { stream: oldest, session } = await listenInSession(bearer)
  const others = []
  for (let count = 0; count < MOST_LISTENING; count += 1)
    others.push(follow(await send('GET', bearer, { 'mcp-session-id': session })))
  await expect.poll(() => oldest.isOver).toBe(true)
  expect(others.map(({ isOver }) => isOver)).toEqual(others.map(() => false))
})
