import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'
import { CALLS_LAST_MINUTES } from '#users/bounds.ts'
import { LOST_AFTER_MS } from '#users/calls/call-rows.ts'
import { begin, intent, userWith, rowsOf } from './story.ts'
import { auditStore, clock } from './worker.ts'

test('a call without a reported outcome is unknown after two minutes, by the alarm of an object that died', async () => {
  const user = await userWith('crash', 'g1')
  const message = intent({ key: null })
  await user.beginCall(message)
  await evictDurableObject(user)
  clock.nowMs += LOST_AFTER_MS - 1
  await runDurableObjectAlarm(user)
  expect(await rowsOf(user)).toMatchObject([{ id: message.transaction, outcome: null }])
  clock.nowMs += 1
  expect(await runDurableObjectAlarm(user)).toBe(true)
  expect(await rowsOf(user)).toMatchObject([{ outcome: 'unknown', ended_at_ms: clock.nowMs }])
  // A late outcome is ignored.
  await user.endCall(message.transaction, 'done', null)
  expect(await rowsOf(user)).toMatchObject([{ outcome: 'unknown' }])
})

test('the same key finds out without the alarm', async () => {
  const user = await userWith('crash-key', 'g1')
  const first = await begin(user)
  expect(first.verdict).toBe('go')
  clock.nowMs += LOST_AFTER_MS
  expect(await begin(user)).toMatchObject({ verdict: 'unknown' })
})

test('a call has its number in the order of the intents, and keeps it with its outcome', async () => {
  const user = await userWith('numbered', 'g1')
  const [one, two] = [intent({ key: null }), intent({ key: null, effect: 'read', tool: 'listTodos' })]
  await user.beginCall(one)
  await user.beginCall(two)
  await user.endCall(one.transaction, 'done', null)
  const [first, second] = await rowsOf(user)
  expect(first).toMatchObject({ id: one.transaction, effect: 'write', outcome: 'done' })
  expect(second).toMatchObject({ id: two.transaction, effect: 'read', outcome: null })
  expect(second?.['event_seq']).toBe(Number(first?.['event_seq']) + 1)
})

const end = async (user: Awaited<ReturnType<typeof userWith>>, key: { hash: string } | null) => {
  const message = intent({ key })
  await user.beginCall(message)
  await user.endCall(message.transaction, 'done', null)
  return message.transaction
}

test('a call that is in the audit log goes after some minutes, one with a valid key after a day', async () => {
  const user = await userWith('old', 'g1')
  for (let n = 0; n < 3; n += 1) await end(user, null)
  const keyed = await end(user, { hash: 'a key' })
  const [{ event_seq: first } = {}] = await rowsOf(user)
  await runDurableObjectAlarm(user)
  expect(await rowsOf(user)).toHaveLength(4)
  clock.nowMs += CALLS_LAST_MINUTES * 60_000
  await runDurableObjectAlarm(user)
  expect(await rowsOf(user)).toMatchObject([{ id: keyed }])
  clock.nowMs += 24 * 3_600_000
  await runDurableObjectAlarm(user)
  expect(await rowsOf(user)).toEqual([])
  await evictDurableObject(user)
  // No number is given twice.
  await end(user, null)
  const [{ event_seq: next } = {}] = await rowsOf(user)
  expect(next).toBe(Number(first) + 4)
})

test('a call that is not in the audit log yet stays, however old it is', async () => {
  const user = await userWith('not-shipped', 'g1')
  auditStore.isDown = true
  await end(user, null)
  await end(user, { hash: 'a key' })
  clock.nowMs += 400 * 24 * 3_600_000
  for (let alarms = 0; alarms < 3; alarms += 1) await runDurableObjectAlarm(user)
  expect(await rowsOf(user)).toHaveLength(2)
  auditStore.isDown = false
  clock.nowMs += 3_600_000
  await runDurableObjectAlarm(user)
  expect(await rowsOf(user)).toEqual([])
  expect(auditStore.bodiesOf('not-shipped').filter(({ type }) => type === 'call')).toHaveLength(2)
})

test('the object of a user who never signed in writes nothing when it is called or woken', async () => {
  const user = await userWith('stranger')
  expect(await begin(user)).toEqual({ verdict: 'ended' })
  await runInDurableObject(user, (object) => object.alarm())
  expect(
    await runInDurableObject(user, async (_object, { storage }) => [
      await storage.list(),
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
    ]),
  ).toEqual([new Map(), []])
})
