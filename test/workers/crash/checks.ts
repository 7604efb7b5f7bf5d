import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { z } from 'zod'
import type { AuditEvent } from '#events/event.ts'
import type { OutboxState } from '#events/store.ts'
import { recordedCalls, verifiedEvents } from '../audit-log.ts'
import type { Tokens } from '../oauth-client.ts'
import { callTool, type Client, codeIn } from './client.ts'
import type { Answer } from '../wire.ts'
import { writes } from '../todo-api.ts'
import { AHEAD_MS, clock } from './witness.ts'
import { expect } from 'vitest'
import { CRASH, type Schedule } from './schedule.ts'

const Call = z.object({ id: z.string(), tool: z.string(), outcome: z.string().nullable() })
export type Call = z.infer<typeof Call>

/** The object of the token's user. The user id begins with the object's name (users/base/user-id.ts). */
export const userOf = ({ access_token }: Tokens) => env.USER.getByName(access_token.split('.')[0] ?? '')

export const callsOf = (tokens: Tokens): Promise<Call[]> =>
  runInDurableObject(userOf(tokens), (_user, { storage }) =>
    z.array(Call).parse(storage.sql.exec('SELECT id, tool, outcome FROM calls').toArray()),
  )

/** All key-value rows under a prefix. */
export const storedOf = (tokens: Tokens, prefix: string): Promise<[string, unknown][]> =>
  runInDurableObject(userOf(tokens), (_user, { storage }) => [...storage.kv.list({ prefix })])

const TRIES = 3

/** Runs the alarm, and again if the object died in it. The platform tries six times. */
export async function runAlarm(tokens: Tokens): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await userOf(tokens).ring(tries > 1)
      return
    } catch (error) {
      if (tries === TRIES) throw error
    }
  }
}

/** Runs the alarm as if `ms` had passed. */
export async function runAlarmAfter(tokens: Tokens, ms: number): Promise<void> {
  clock.aheadMs = AHEAD_MS + ms
  await runAlarm(tokens)
  clock.aheadMs = AHEAD_MS
}

/** The final state of a client and user. Any other than `goes on` must be the one that the schedule forces. */
export type End = 'goes on' | 'pingone_ended' | 'code_reused' | 'starts over' | 'unknown'

export interface Journey {
  name: string
  graceSeconds: number
  /** Runs up to the point where crashes begin. Returns the crashing part and the checks after it. */
  prepare(client: Client, id: string): Promise<{ act(): Promise<Answer>; check(first: Answer): Promise<End> }>
  /**
   * The unavoidable outcome. Default: `forced` in run-schedules.ts.
   * Null: it depends on a race, and `check` accepts either outcome.
   */
  forced?: (steps: readonly string[], schedule: Schedule) => End | null
  /** The steps that crash here. Default: all; a narrower set skips steps that another journey covers. */
  crashesAt?: RegExp
  answersTo?: 'client' | 'browser'
  /** The Worker does not retry what died, so the client may see a failure. */
  mayNotice?: boolean
}

export const LOST_CALL_MS = 600_000

/** No answer reveals internals, and a 503 has Retry-After. */
export function checked(answer: Answer, to: 'client' | 'browser' = 'client'): Answer {
  expect(answer.text).not.toContain(CRASH)
  expect([200, 204, 302, 400, 401, 503]).toContain(answer.status)
  if (answer.status === 503) {
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(answer.headers.get('content-type')).toContain(to === 'client' ? 'application/json' : 'text/html')
  }
  return answer
}

export async function retried(ask: () => Promise<Answer>, first: Answer): Promise<Answer> {
  return first.status === 503 ? checked(await ask()) : first
}

export const signIn = async (client: Client, id: string) =>
  codeIn(await client.callback(await client.signIn(id)))

/** Checks that the tokens work: one call and one refresh. */
export async function checkTokens(client: Client, tokens: Tokens): Promise<End> {
  const call = checked(await callTool(tokens.access_token, 'listTodos'))
  const refreshed = checked(await client.refresh(tokens.refresh_token))
  if (call.status === 200 && refreshed.status === 200) return 'goes on'
  expect([call.status, refreshed.status]).toEqual([401, 400])
  return endIn(refreshed)
}

function endIn({ text }: Answer): End {
  if (text.includes('This access has ended: the session at PingOne is over')) return 'pingone_ended'
  if (text.includes('This access has ended: its authorization code was presented')) return 'code_reused'
  throw new Error(`ended without the reason: ${text}`)
}

export const writesOf = (id: string) => writes.filter(({ text }) => text === id).length

const MOST_ALARMS = 6

/** Runs alarms, as if ten minutes had passed, until no event waits for D1 and no call for its outcome. */
export async function drain(tokens: Tokens): Promise<OutboxState> {
  for (let alarms = 1; ; alarms += 1) {
    await runAlarmAfter(tokens, LOST_CALL_MS)
    const state = await userOf(tokens).auditState()
    const running = (await callsOf(tokens)).filter(({ outcome }) => outcome === null)
    if (state.waiting === 0 && running.length === 0) return state
    if (alarms === MOST_ALARMS) throw new Error(`${state.waiting} events wait, ${running.length} calls run`)
  }
}

/** In D1, every effect has an intent and an outcome, every intent has an outcome, and nothing is there twice. */
export async function checkRecords(tokens: Tokens, id: string): Promise<AuditEvent[]> {
  const events = await verifiedEvents(await drain(tokens))
  expect(await keptOf(tokens)).toEqual({ outbox: 0, running: 0, pause: [] })
  const calls = recordedCalls(events)
  for (const { outcomes, intents } of calls) {
    expect(outcomes).toHaveLength(intents)
    expect(outcomes.filter((outcome) => outcome === 'done' || outcome === 'unknown').length).toBeLessThan(2)
  }
  const executed = writes.filter(({ text }) => text === id)
  for (const { key } of executed)
    expect(calls.find((call) => call.id === key)).toMatchObject({ name: 'addTodo', effect: 'write' })
  for (const { id: key, name, outcomes } of calls) {
    if (name !== 'addTodo') continue
    const times = executed.filter((write) => write.key === key).length
    // What is on record as done was done once. What was done is never on record as something else than that or "unknown".
    expect([times, outcomes]).toEqual([
      outcomes.includes('done') ? 1 : outcomes.includes('unknown') ? times : 0,
      outcomes,
    ])
  }
  return events
}

/** Rows that D1 has made superfluous, and a pause. Calls with a key of the client stay for a day. */
const keptOf = (tokens: Tokens) =>
  runInDurableObject(userOf(tokens), (_user, { storage: { sql, kv } }) => ({
    outbox: sql.exec('SELECT 1 FROM outbox').toArray().length,
    // A row that is over waits for the next batch or sweep.
    running: sql.exec('SELECT 1 FROM calls WHERE outcome IS NULL').toArray().length,
    pause: [...kv.list({ prefix: 'audit-pause' })],
  }))
