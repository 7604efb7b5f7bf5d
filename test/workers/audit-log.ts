import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import { type AuditLogReader, verifyLog } from '#audit/verify.ts'
import type { ChainedEvent } from '#events/chain.ts'
import { AuditEvent, type EventType } from '#events/event.ts'
import type { OutboxState } from '#events/store.ts'

const EVENTS = 'SELECT chain, epoch, seq, body, hash FROM events'
const ORDER = 'ORDER BY chain, epoch, seq'
const REPEATED = `SELECT chain, epoch, seq, id FROM events
  WHERE id IN (SELECT id FROM events GROUP BY id HAVING COUNT(*) > 1)`

async function* nothing(): AsyncGenerator<never> {}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}

async function* rowsOf<T>(statement: D1PreparedStatement): AsyncGenerator<T> {
  yield* (await statement.all<T>()).results
}

/** A log that no head signs. `repeatedIds`: those of the whole database. */
const unsigned = (events: () => AsyncIterable<ChainedEvent>): AuditLogReader => ({
  lists: nothing,
  entries: nothing,
  lastEntry: async () => 0,
  events,
  repeatedIds: () => rowsOf(env.RECORDS.prepare(REPEATED)),
})

/** Verifies every chain of the database. Returns the number of events. */
export async function verifyWholeLog(): Promise<number> {
  const log = unsigned(() => rowsOf<ChainedEvent>(env.RECORDS.prepare(`${EVENTS} ${ORDER}`)))
  const { findings, notes, events } = await verifyLog(log, { keys: [] })
  expect([findings, notes]).toEqual([[], [{ kind: 'no-head' }]])
  return events
}

/** The events of one user in D1, after this verified them against what the user's object says. */
export async function verifiedEvents(state: OutboxState): Promise<AuditEvent[]> {
  const select = env.RECORDS.prepare(`${EVENTS} WHERE chain = ? ${ORDER}`).bind(state.chain)
  const { results } = await select.all<ChainedEvent>()
  const log = { ...unsigned(() => each(results)), repeatedIds: nothing }
  const { findings, notes } = await verifyLog(log, { keys: [], states: each([state]) })
  expect([findings, notes, state.waiting]).toEqual([[], [{ kind: 'no-head' }], 0])
  const events = results.map(({ body }) => AuditEvent.parse(JSON.parse(body)))
  expect(repeatedIn(events)).toEqual([])
  return events
}

/** Events that a login, a grant or a session has once. */
const ONCE: ReadonlySet<EventType> = new Set([
  'login.started',
  'consent.given',
  'login.completed',
  'grant.opened',
  'grant.ended',
  'session.opened',
  'session.closed',
])

/** What the log says twice: an event with an id that another one has, or one that cannot happen again. */
function repeatedIn(events: readonly AuditEvent[]): string[] {
  const names = events.flatMap((event) => {
    const { id, type, grant, transaction } = event
    const session = 'session' in event ? event.session : undefined
    return [id, ...(ONCE.has(type) ? [[type, grant ?? transaction, session].join(' ')] : [])]
  })
  return names.filter((name, at) => names.indexOf(name) !== at)
}

export interface RecordedCall {
  id: string
  name: string
  effect: 'read' | 'write' | null
  intents: number
  outcomes: ('done' | 'refused' | 'failed' | 'unknown')[]
}

/** The calls of a log. A message that was repeated can have two intents under one id, each with its outcome. */
export function recordedCalls(events: readonly AuditEvent[]): RecordedCall[] {
  const calls = new Map<string, RecordedCall>()
  for (const event of events) {
    if (event.type !== 'call' && event.type !== 'call.began' && event.type !== 'call.ended') continue
    const id = event.transaction ?? ''
    const call = calls.get(id) ?? { id, name: event.what.name, effect: null, intents: 0, outcomes: [] }
    if (event.type !== 'call.ended') {
      call.intents += 1
      call.effect = event.effect
    }
    if (event.type !== 'call.began') call.outcomes.push(event.outcome)
    calls.set(id, call)
  }
  return [...calls.values()]
}
