import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { beforeEach, expect, test } from 'vitest'
import { personWith } from './story.ts'
import { clock, sessionObjects } from './worker.ts'

beforeEach(() => {
  sessionObjects.told.length = 0
  sessionObjects.areDown = false
})

type Person = Awaited<ReturnType<typeof personWith>>

const closing = (person: Person) =>
  runInDurableObject(person, (_object, { storage }) =>
    [...storage.kv.list({ prefix: 'closing-session:' })].map(([key]) => key),
  )

async function alarmAfter(person: Person, seconds: number): Promise<void> {
  clock.nowMs += seconds * 1000
  await runDurableObjectAlarm(person)
  await scheduler.wait(10)
}

test('a session that was closed is told once, however it was closed', async () => {
  const person = await personWith('told', 'g1')
  for (const session of ['a', 'b']) await person.openSession(session, 'g1', 'client-a')
  await person.closeSession('a')
  await person.closeSession('a')
  await person.endGrant('g1', 'ended_by_person')
  await expect.poll(() => closing(person)).toEqual([])
  await alarmAfter(person, 120)
  expect(sessionObjects.told).toEqual(['a', 'b'])
})

test('a session whose object does not answer is told again by the alarm, so that its streams close', async () => {
  const person = await personWith('again', 'g1')
  await person.openSession('a', 'g1', 'client-a')
  sessionObjects.areDown = true
  await person.endGrant('g1', 'ended_by_person')
  await alarmAfter(person, 61)
  // The pause has doubled.
  await alarmAfter(person, 61)
  await expect.poll(() => sessionObjects.told).toEqual(['a', 'a'])
  sessionObjects.areDown = false
  await alarmAfter(person, 61)
  await expect.poll(() => sessionObjects.told).toEqual(['a', 'a', 'a'])
  await expect.poll(() => closing(person)).toEqual([])
})

test('a session whose object never answers is given up', async () => {
  const person = await personWith('given-up', 'g1')
  await person.openSession('a', 'g1', 'client-a')
  sessionObjects.areDown = true
  await person.closeSession('a')
  for (let count = 0; count < 15; count += 1) await alarmAfter(person, 24 * 3600)
  await expect.poll(() => sessionObjects.told).toHaveLength(11)
  await expect.poll(() => closing(person)).toEqual([])
})
