import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { callMessage, mcpRequest, META, statelessHeaders } from '#harness/messages.ts'
import { MOST_WAITING } from '#users/bounds.ts'
import { block } from '../acts.ts'
import { writes } from '../todo-api.ts'
import { recordedCalls } from '../audit-log.ts'
import { Client, transports } from './client.ts'
import { alarms, breakDown, heal } from './faults.ts'
import type { User } from './journeys.ts'
import { retryAfter, send } from './send.ts'
import { checkLog, ring } from './shipping.ts'
import { startIsolate } from './world.ts'

beforeAll(() => {
  alarms.areHeld = true
})
afterEach(() => {
  heal()
  startIsolate()
})
afterAll(() => {
  alarms.areHeld = false
})

/** Ended calls that D1 does not have, as many as may wait. */
const FILL = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MOST_WAITING})
  INSERT INTO calls (event_seq, event_id, id, grant_id, client, transport, tool, effect, arguments_digest, began_at_ms,
    ended_at_ms, outcome, facts)
  SELECT ?1 + i, printf('%s-7%03d-8000-%012d', ?2, abs(random() % 1000), i), 'c' || i, 'g', ?3, 'stateless', 'listTodos',
    'read', 'd', ?4, ?4, 'done', '{"kind":"tool","step":"act"}' FROM n`

/** A user whose events fill the outbox while D1 does not answer. */
async function fullUser(subject: string) {
  const client = await (await Client.register()).signIn(subject)
  for (const transport of transports) expect(await client.call(transport, 'listTodos')).toBe('ok')
  breakDown('d1', '500')
  const { user } = client
  const { seq, waiting } = await user.auditState()
  // Older than what the request rates count.
  const now = Date.now() - 120_000
  const time = now.toString(16).padStart(12, '0')
  await runInDurableObject(user, (_, { storage }) => {
    const id = `${time.slice(0, 8)}-${time.slice(8)}`
    storage.sql.exec(FILL, seq + waiting, id, client.id, now)
  })
  // The object counts its events when it wakes.
  await evictDurableObject(user)
  await ring(user)
  return { client, user }
}

const waitingOf = async (user: User) => (await user.auditState()).waiting

/** A tool call, with the whole answer. */
function call({ tokens }: Client, name: string, input: object) {
  const message = callMessage(name, input)
  const params = { ...message.params, _meta: META }
  return send(
    '/mcp',
    mcpRequest(tokens.access_token, { ...message, params }, statelessHeaders('tools/call', name)),
  )
}

const REFUSED = { error: { message: 'This call could not be started. Try again later.' } }

test('while the outbox is full, calls are refused in our words, and no end or block is', async () => {
  const other = await (await Client.register()).signIn('full')
  const { client, user } = await fullUser('full')
  const before = await waitingOf(user)
  const answer = await call(client, 'addTodo', { text: 'full' })
  expect([answer.status, retryAfter(answer)]).toEqual([503, 60])
  expect(JSON.parse(answer.text)).toMatchObject(REFUSED)
  for (const transport of transports) {
    expect(await client.call(transport, 'addTodo', { text: 'full' })).toBe('later')
    expect(await client.call(transport, 'listTodos')).toBe('later')
  }
  // Equal refusals are one event for each session and tool.
  expect(await waitingOf(user)).toBe(before + 4)
  startIsolate({ READS_WITHOUT_AUDIT: 'allowed' })
  for (const transport of transports) {
    expect(await client.call(transport, 'listTodos')).toBe('ok')
    expect(await client.call(transport, 'addTodo', { text: 'full' })).toBe('later')
  }
  expect(writes.filter(({ text }) => text === 'full')).toEqual([])
  expect((await other.oauth.revoke(other.tokens.refresh_token)).status).toBe(200)
  expect(await other.call('stateless', 'listTodos')).toMatch(/^401 /)
  await block(user)
  expect(await client.call('stateless', 'listTodos')).toMatch(/^401 /)

  heal()
  const events = await checkLog(user)
  expect(recordedCalls(events)).toHaveLength(MOST_WAITING + transports.length)
  const denials = events.flatMap((event) => (event.type === 'call.denied' ? [event] : []))
  expect(
    denials.filter(({ reason }) => reason === 'not_recorded').map(({ what, count }) => [what?.name, count]),
  ).toEqual([
    ['addTodo', 2 + 1],
    ['listTodos', 1],
    ['addTodo', 1 + 1],
    ['listTodos', 1],
  ])
  expect(events.filter(({ type }) => type === 'reads.not-recorded')).toMatchObject([{ count: 2 }])
  const ends = events.filter(({ type }) => type === 'grant.ended' || type === 'user.blocked')
  expect(ends.map((event) => ('reason' in event ? event.reason : event.type))).toEqual([
    'revoked_by_client',
    'user.blocked',
    'blocked',
  ])
}, 120_000)
