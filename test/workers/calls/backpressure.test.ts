import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { MOST_WAITING } from '#users/bounds.ts'
import { block } from '../acts.ts'
import { begin, deniedCalls, FACTS, fillCalls, intent, rowsOf, userWith, waitingEvents } from './story.ts'
import { auditStore, clock, config, operator } from './worker.ts'

const UNAVAILABLE = { verdict: 'unavailable', retryAfterSeconds: 60 }
const READ = { effect: 'read', key: null } as const

beforeEach(() => {
  auditStore.isDown = true
})
afterEach(() => {
  operator.config = config
  auditStore.isDown = false
})

/** A user whose events fill the outbox, with one call that still runs. */
async function fullUser(name: string) {
  const user = await userWith(name, 'g1')
  const running = intent({ key: { hash: 'running' } })
  await user.beginCall(running)
  await fillCalls(user, MOST_WAITING, 'NULL, NULL, NULL')
  // The object counts its events when it wakes.
  await evictDurableObject(user)
  const count = async () => (await rowsOf(user)).length
  return { user, running, count, before: await count() }
}

const countedReads = async (user: Awaited<ReturnType<typeof userWith>>) =>
  (await waitingEvents(user)).filter(({ type }) => type === 'reads.not-recorded')

test('a change whose intent finds no room is refused, begins nothing, and uses no answer up', async () => {
  const { user, count, before } = await fullUser('full-write')
  const endsAtSeconds = Math.floor(clock.nowMs / 1000) + 600
  const answer = { client: 'client-a', nonce: 'nonce', endsAtSeconds, isDeclined: false }
  expect(await begin(user, { key: null, answer })).toEqual(UNAVAILABLE)
  expect(await begin(user, { key: { hash: 'new' } })).toEqual(UNAVAILABLE)
  expect(await count()).toBe(before)
  const used = await runInDurableObject(user, (_object, { storage }) => [
    ...storage.kv.list({ prefix: 'confirmation:' }),
  ])
  expect(used).toEqual([])
  expect(await deniedCalls(user)).toMatchObject([{ reason: 'not_recorded', count: 2 }])
})

test('a read is refused the same way, unless the operator lets it run: then it is counted', async () => {
  const { user, count, before } = await fullUser('full-read')
  expect(await begin(user, READ)).toEqual(UNAVAILABLE)
  expect(await countedReads(user)).toEqual([])
  operator.config = { ...config, audit: { ...config.audit, allowsUnrecordedReads: true } }
  for (let times = 0; times < 3; times += 1) {
    const start = await begin(user, READ)
    if (start.verdict !== 'go') throw new Error(start.verdict)
    await user.endReads([{ call: start.call, outcome: 'done', facts: { ms: 3 } }])
  }
  // To look what a change would do is a read.
  expect(await begin(user, { step: 'describe' })).toMatchObject({ verdict: 'go' })
  expect(await begin(user, { key: null })).toEqual(UNAVAILABLE)
  expect(await countedReads(user)).toMatchObject([{ count: 4 }])
  expect(await count()).toBe(before)
})

test('what is on record goes on: a repeated message, a repeat of a change, and every end', async () => {
  const { user, running } = await fullUser('full-goes-on')
  expect(await user.beginCall(running)).toMatchObject({ verdict: 'go', call: running.transaction })
  await user.endCall(running.transaction, 'done', null)
  expect(await begin(user, { key: running.key })).toMatchObject({
    verdict: 'repeat',
    call: running.transaction,
  })
  await user.endGrant('g1', 'ended_by_user')
  await block(user)
  const types = (await waitingEvents(user)).map(({ type }) => type)
  expect(types).toEqual(expect.arrayContaining(['grant.ended', 'user.blocked']))
})

test('the log says once a minute that there is no room', async () => {
  const lines = vi.spyOn(console, 'error')
  const { user } = await fullUser('full-log')
  const told = () =>
    lines.mock.calls.flat().filter((line) => String(line).includes('"event":"audit.no-room","type":"call"'))
  for (let times = 0; times < 5; times += 1) await begin(user, { key: null })
  expect(told()).toHaveLength(1)
  clock.nowMs += 60_000
  await begin(user, { key: null })
  expect(told()).toHaveLength(2)
})

test('once the audit log takes events again, calls begin again', { timeout: 60_000 }, async () => {
  const { user } = await fullUser('full-again')
  expect(await begin(user, { key: null, facts: FACTS })).toEqual(UNAVAILABLE)
  auditStore.isDown = false
  clock.nowMs += 600_000
  await runInDurableObject(user, (object) => object.alarm())
  expect(await begin(user, { key: null, facts: FACTS })).toMatchObject({ verdict: 'go' })
})
