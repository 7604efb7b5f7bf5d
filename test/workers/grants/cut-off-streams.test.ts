import { afterEach, beforeEach, expect, test } from 'vitest'
import { STREAM_CHECK_MS } from '#mcp/edge/answer-pass.ts'
import { cutOff } from '../acts.ts'
import { Client } from '../faults/client.ts'
import { breakDown, clocks, heal, messagesTo, streams } from '../faults/faults.ts'
import { open } from '../faults/send.ts'
import { startIsolate } from '../faults/world.ts'
import { callerOf, REVISIONS } from './door.ts'

// Invariant 3: an open stream closes when an operator ends its client, also if the walk through the users did not find it.

beforeEach(() => {
  streams.checkMs = 100
})
afterEach(() => {
  heal()
  streams.checkMs = STREAM_CHECK_MS
  startIsolate()
})

/** The stream of a GET, read to its end in the background. */
async function listen(client: Client) {
  const [, revision] = REVISIONS
  const { session, bearer } = await callerOf(client, revision)
  const headers = {
    accept: 'text/event-stream',
    authorization: `Bearer ${bearer}`,
    'mcp-session-id': session ?? '',
    'mcp-protocol-version': revision,
  }
  const { response } = await open('/mcp', { headers })
  expect(response.status).toBe(200)
  const stream = { isOver: false }
  void response.text().then(
    () => (stream.isOver = true),
    () => (stream.isOver = true),
  )
  return stream
}

test('the check of an open stream comes often enough for the minute of invariant 3', () => {
  // The list of cutoffs is at most five seconds old.
  expect(STREAM_CHECK_MS + 5000).toBeLessThanOrEqual(60_000)
})

test('a stream closes when the act ends its grant', async () => {
  const client = await (await Client.register()).signIn()
  const stream = await listen(client)
  const act = crypto.randomUUID()
  const beforeSeconds = Number.MAX_SAFE_INTEGER
  await client.user.applyAct({ act, operation: 'end-client', client: client.id, beforeSeconds })
  await expect.poll(() => stream.isOver).toBe(true)
})

test.for([
  ['ended', false],
  ['blocked', true],
] as const)('a stream closes although only the list knows that its client is %s', async ([, isBlocked]) => {
  const [client, other] = [await Client.register(), await Client.register()]
  const [stream, kept] = [await listen(await client.signIn()), await listen(await other.signIn())]
  await cutOff(client.id, isBlocked)
  // No request comes that would renew the list of this isolate.
  clocks.user = 6
  await expect.poll(() => stream.isOver).toBe(true)
  expect(kept.isOver).toBe(false)
  const { grants } = await client.user.describeForOperator()
  expect(grants.map(({ ended }) => ended?.reason)).toEqual(['ended_by_operator'])
})

test('a stream stays open while D1 is away, and closes when it is back', async () => {
  const client = await (await Client.register()).signIn()
  const stream = await listen(client)
  await cutOff(client.id, true)
  breakDown('d1', '500')
  clocks.user = 6
  await expect.poll(() => messagesTo('d1')).toBeGreaterThan(0)
  expect(stream.isOver).toBe(false)
  heal()
  clocks.user = 20
  await expect.poll(() => stream.isOver).toBe(true)
})
