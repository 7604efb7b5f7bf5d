import { runInDurableObject } from 'cloudflare:test'
import { expect } from 'vitest'
import type { AuditEvent } from '#events/event.ts'
import { recordedCalls, verifiedEvents } from '../audit-log.ts'
import { writes } from '../todo-api.ts'
import { clocks } from './faults.ts'
import type { User } from './journeys.ts'
import { User as UserUnderFaults } from './worker.ts'

const MOST_ALARMS = 10
/** Longer than any pause of the shipper. */
const LATER_SECONDS = 310

export const ring = (user: User): Promise<void> =>
  runInDurableObject(user, async (object) => {
    if (!(object instanceof UserUnderFaults)) throw new Error('not the class of worker.ts')
    await object.ring()
  })

/** Rings until D1 has every event. */
export async function drain(user: User) {
  for (let rings = 1; ; rings += 1) {
    clocks.user = LATER_SECONDS
    await ring(user)
    clocks.user = 0
    const state = await user.auditState()
    if (state.waiting === 0) return state
    if (rings === MOST_ALARMS) throw new Error(`${state.waiting} events wait`)
  }
}

/** D1 has each event once and in order, and no write of the API without its call. */
export async function checkLog(user: User): Promise<AuditEvent[]> {
  const events = await verifiedEvents(await drain(user))
  const calls = recordedCalls(events)
  for (const { intents, outcomes } of calls) expect(outcomes).toHaveLength(intents)
  const done = calls.filter(({ name, outcomes }) => name === 'addTodo' && outcomes.includes('done'))
  for (const { id } of done) expect(writes.filter(({ key }) => key === id)).toHaveLength(1)
  return events
}
