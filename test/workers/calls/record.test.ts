import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'
import { LOST_AFTER_MS, ROWS_LAST_MS } from '#users/calls/call-table.ts'
import { begin, intent, userWith, rowsOf } from './story.ts'
import { clock } from './worker.ts'

const DAY_MS = 24 * 3_600_000

test('a call whose outcome nobody told is unknown after two minutes, by the alarm of an object that died', async () => {
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

test('rows are numbered in the order of their last change', async () => {
  const user = await userWith('numbered', 'g1')
  const [one, two] = [intent({ key: null }), intent({ key: null, effect: 'read', tool: 'listTodos' })]
  await user.beginCall(one)
  await user.beginCall(two)
  await user.endCall(one.transaction, 'done', null)
  expect(await rowsOf(user)).toMatchObject([
    { seq: 2, id: two.transaction, effect: 'read', outcome: null },
    { seq: 3, id: one.transaction, effect: 'write', outcome: 'done' },
  ])
})

test('rows go after thirty days but for the newest, so that no number is given twice', async () => {
  const user = await userWith('old', 'g1')
  for (let n = 0; n < 3; n += 1) {
    const message = intent({ key: null })
    await user.beginCall(message)
    await user.endCall(message.transaction, 'done', null)
  }
  clock.nowMs += ROWS_LAST_MS - 1
  await runDurableObjectAlarm(user)
  expect(await rowsOf(user)).toHaveLength(3)
  clock.nowMs += DAY_MS
  expect(await runDurableObjectAlarm(user)).toBe(true)
  expect(await rowsOf(user)).toMatchObject([{ seq: 6 }])
  expect(await runDurableObjectAlarm(user)).toBe(false)
  await user.beginCall(intent({ key: null }))
  expect(await rowsOf(user)).toMatchObject([{ seq: 6 }, { seq: 7 }])
})

test('a User that nobody signed in to writes nothing when it is asked or woken', async () => {
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
