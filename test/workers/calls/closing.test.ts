import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { beforeEach, expect, test } from 'vitest'
import { userWith } from './story.ts'
import { clock, sessionObjects } from './worker.ts'

beforeEach(() => {
  sessionObjects.told.length = 0
  sessionObjects.areDown = false
})

type User = Awaited<ReturnType<typeof userWith>>

const closing = (user: User) =>
  runInDurableObject(user, (_object, { storage }) =>
    [...storage.kv.list({ prefix: 'closing-session:' })].map(([key]) => key),
  )

async function alarmAfter(user: User, seconds: number): Promise<void> {
  clock.nowMs += seconds * 1000
  await runDurableObjectAlarm(user)
  await scheduler.wait(10)
}

test('a session that was closed is told once, however it was closed', async () => {
  const user = await userWith('told', 'g1')
  for (const session of ['a', 'b']) await user.openSession(session, 'g1', 'client-a')
  await user.closeSession('a')
  await user.closeSession('a')
  await user.endGrant('g1', 'ended_by_user')
  await expect.poll(() => closing(user)).toEqual([])
  await alarmAfter(user, 120)
  expect(sessionObjects.told).toEqual(['a', 'b'])
})

test('a session whose object does not answer is told again by the alarm, so that its streams close', async () => {
  const user = await userWith('again', 'g1')
  await user.openSession('a', 'g1', 'client-a')
  sessionObjects.areDown = true
  await user.endGrant('g1', 'ended_by_user')
  await alarmAfter(user, 61)
  // The backoff has doubled.
  await alarmAfter(user, 61)
  await expect.poll(() => sessionObjects.told).toEqual(['a', 'a'])
  sessionObjects.areDown = false
  await alarmAfter(user, 61)
  await expect.poll(() => sessionObjects.told).toEqual(['a', 'a', 'a'])
  await expect.poll(() => closing(user)).toEqual([])
})

test('a session whose object never answers is given up', async () => {
  const user = await userWith('given-up', 'g1')
  await user.openSession('a', 'g1', 'client-a')
  sessionObjects.areDown = true
  await user.closeSession('a')
  for (let count = 0; count < 15; count += 1) await alarmAfter(user, 24 * 3600)
  await expect.poll(() => sessionObjects.told).toHaveLength(11)
  await expect.poll(() => closing(user)).toEqual([])
})
