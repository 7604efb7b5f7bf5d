import { control, enforce } from '../policies.ts'
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { ChainState } from '#users/audit/chain-state.ts'
import { Outbox } from '#users/audit/outbox.ts'
import { type EventSource, Sequence } from '#users/audit/sequence.ts'
import { CALLS_LAST_MINUTES } from '#users/bounds.ts'
import { LOST_AFTER_MS } from '#users/calls/call-rows.ts'
import { CallTable } from '#users/calls/call-table.ts'
import type { CallOutcome } from '#users/calls/calls.ts'
import { GrantTable } from '#users/grants/grant-table.ts'
import { FACTS, intent, rowsOf, userWith } from './story.ts'
import { auditStore, clock } from './worker.ts'

/** What can happen to the calls of a user. A call begins again if its message is repeated. */
const act = fc.oneof(
  { weight: 6, arbitrary: fc.record({ act: fc.constant('begin' as const), call: fc.nat({ max: 5 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      act: fc.constant('end' as const),
      call: fc.nat({ max: 5 }),
      outcome: fc.constantFrom<CallOutcome>('done', 'refused', 'failed', 'unknown'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ act: fc.constant('freeze' as const), events: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('release' as const) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('restart' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('sweep' as const),
      afterMs: fc.constantFrom(1000, LOST_AFTER_MS, CALLS_LAST_MINUTES * 60_000),
    }),
  },
)
type Act = typeof act extends fc.Arbitrary<infer Value> ? Value : never

/** The object of one user as far as its calls go: the real tables over real storage. */
function openCalls(storage: DurableObjectStorage, nowMs: () => number) {
  const stepped = { kv: storage.kv, sql: storage.sql, setAlarm: () => {} }
  const chain = new ChainState(storage.kv, nowMs)
  const sources = (): readonly EventSource[] => [outbox, calls.events]
  const sequence: Sequence = new Sequence(storage.kv, sources, (last) => chain.begin(last))
  const outbox: Outbox = new Outbox({
    storage: stepped,
    sequence,
    nowMs,
    shipped: () => chain.shipped,
    grants: new GrantTable(storage.kv, () => Math.floor(nowMs() / 1000)),
  })
  const calls: CallTable = new CallTable({
    storage: stepped,
    nowMs,
    sequence,
    emit: outbox.emit,
    shipped: () => chain.shipped,
    onWrite: () => {},
  })
  outbox.create()
  const waiting = (from: number, to: number) =>
    sources()
      .flatMap((source) => source.waiting(from, to))
      .toSorted((a, b) => a.seq - b.seq)
  return { chain, sources, sequence, calls, waiting }
}

interface Shipped {
  seq: number
  id: string
  event: { type?: string; transaction?: string; outcome?: string }
}

/** One life of a call: from its intent to its outcome. A repeated message begins another if the first is frozen. */
interface Life {
  seq: number
  beganMs: number
  outcome: CallOutcome | null
}

/** Does the acts, ships what is left and returns the events in order, and the lives that they must tell of. */
function play(storage: DurableObjectStorage, acts: readonly Act[]) {
  let nowMs = 1_000_000_000_000
  let object = openCalls(storage, () => nowMs)
  const shipped: Shipped[] = []
  const lives = new Map<string, Life[]>()
  let frozenText: string | null = null
  const markLost = () => {
    for (const life of [...lives.values()].flat())
      if (life.outcome === null && life.beganMs <= nowMs - LOST_AFTER_MS) life.outcome = 'unknown'
  }
  const begin = (call: string, isKeyed: boolean) => {
    const of = lives.get(call) ?? []
    lives.set(call, of)
    const last = of.at(-1)
    const recorded = { client: { id: 'client-a' }, arguments: undefined }
    const key = isKeyed ? { hash: call } : null
    object.calls.begin({ ...intent({ transaction: call, key }), digests: ['digest'], recorded })
    // The lookup of a key finds what was lost.
    if (isKeyed && last === undefined) markLost()
    if (last !== undefined && last.outcome === null) return
    if (last !== undefined && last.seq > object.sequence.frozen)
      return void Object.assign(last, { outcome: null, beganMs: nowMs })
    of.push({ seq: object.sequence.last, beganMs: nowMs, outcome: null })
  }
  const end = (call: string, outcome: CallOutcome) => {
    object.calls.end(call, { outcome, facts: { ms: 5 } })
    const last = lives.get(call)?.at(-1)
    if (last?.outcome === null) last.outcome = outcome
  }
  const batch = () => object.waiting(object.chain.shipped + 1, object.sequence.frozen)
  const freeze = (events: number) => {
    if (object.sequence.frozen > object.chain.shipped) return
    const to = Math.min(object.sequence.last, object.sequence.frozen + events)
    if (to === object.sequence.frozen) return
    object.sequence.freeze(to)
    frozenText = JSON.stringify(batch())
  }
  const release = () => {
    if (frozenText === null) return
    const events = batch()
    // Nothing that happened since has changed what they say.
    expect(JSON.stringify(events)).toBe(frozenText)
    frozenText = null
    const chain = object.chain.read()
    if (chain === null) throw new Error('events without a chain')
    object.chain.advance(chain, { shipped: object.sequence.frozen, seq: 1, hash: '' })
    for (const source of object.sources()) source.release(object.sequence.frozen)
    shipped.push(...events)
  }
  for (const step of acts) {
    nowMs += 1
    switch (step.act) {
      case 'begin':
        begin(`call-${step.call}`, step.call % 2 === 0)
        break
      case 'end':
        end(`call-${step.call}`, step.outcome)
        break
      case 'freeze':
        freeze(step.events)
        break
      case 'release':
        release()
        break
      case 'restart':
        object = openCalls(storage, () => nowMs)
        break
      case 'sweep':
        nowMs += step.afterMs
        while (object.calls.sweep());
        markLost()
        break
      default:
        step satisfies never
    }
  }
  nowMs += LOST_AFTER_MS
  object.calls.sweep()
  markLost()
  release()
  freeze(1000)
  release()
  return { shipped, lives }
}

/** Reads the events of one call in order, as somebody who has only the audit log. */
function readLives(events: readonly Shipped['event'][]): (string | undefined)[] {
  const outcomes: (string | undefined)[] = []
  for (const [at, { type, outcome }] of events.entries()) {
    const follows = events[at - 1]?.type === 'call.began'
    expect(follows ? ['call.ended'] : ['call', 'call.began']).toContain(type)
    if (type !== 'call.began') outcomes.push(outcome)
  }
  expect(events.at(-1)?.type).not.toBe('call.began')
  return outcomes
}

test(
  'whatever happens when, each call has one intent and one outcome in the audit log',
  { timeout: 60_000 },
  async () => {
    const user = await userWith('every-order')
    await runInDurableObject(user, (_object, { storage }) => {
      fc.assert(
        fc.property(fc.array(act, { minLength: 1, maxLength: 40 }), (acts) => {
          for (const table of ['calls', 'outbox']) storage.sql.exec(`DROP TABLE IF EXISTS ${table}`)
          for (const key of Array.from(storage.kv.list(), ([name]) => name)) storage.kv.delete(key)
          const { shipped, lives } = play(storage, acts)
          expect(shipped.map(({ seq }) => seq)).toEqual(shipped.map((_, at) => at + 1))
          expect(new Set(shipped.map(({ id }) => id)).size).toBe(shipped.length)
          for (const [call, of] of lives) {
            const events = shipped.map(({ event }) => event).filter(({ transaction }) => transaction === call)
            expect(readLives(events)).toEqual(of.map(({ outcome }) => outcome))
          }
          const known = new Set(lives.keys())
          expect(shipped.every(({ event }) => known.has(event.transaction ?? ''))).toBe(true)
        }),
        { numRuns: 300 },
      )
    })
  },
)

const callsIn = (user: string) =>
  auditStore.bodiesOf(user).filter(({ type }) => String(type).startsWith('call'))

const API = { requests: 2, status: 200, ms: 31, bytesSent: 40, bytesReceived: 900, correlation: 'c-1' }
const MESSAGE = {
  clientTrace: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  facts: FACTS,
  transport: 'session',
} as const

test('a call whose outcome is known when it ships is one event, with all that is known of it', async () => {
  const user = await userWith('one-event', 'g1')
  const rule = { id: 'would', what: { kind: 'tool', name: 'addTodo' }, effect: 'deny', mode: 'shadow' }
  await enforce([rule])
  const message = intent({ key: null, ...MESSAGE, policy: control.head })
  await user.beginCall(message)
  clock.nowMs += 40
  await user.endCall(message.transaction, 'done', null, { ms: 38, api: API, confirmedBy: 'user' })
  await runDurableObjectAlarm(user)
  const [event, ...others] = callsIn('one-event')
  expect(others).toEqual([])
  const { arguments: kept, ...rest } = z.looseObject({ arguments: z.unknown() }).parse(event)
  expect(kept).toEqual({ plain: { list: 'work' }, personal: expect.stringMatching(/^v1\./), cut: ['note'] })
  expect(rest).toEqual({
    id: expect.any(String),
    at: new Date(clock.nowMs - 40).toISOString(),
    app: 'todos',
    user: 'one-event',
    type: 'call',
    transaction: message.transaction,
    grant: 'g1',
    client: { id: 'client-a', givenName: 'Client' },
    network: FACTS.network,
    agent: FACTS.agent,
    session: FACTS.session,
    transport: 'session',
    what: { kind: 'tool', name: 'addTodo' },
    effect: 'write',
    step: 'act',
    scopes: ['todo:write'],
    progressToken: 7,
    clientTrace: MESSAGE.clientTrace,
    bytesIn: 321,
    decision: { effect: 'allow', rules: [], policy: control.head?.policy, wouldDeny: ['would'] },
    outcome: 'done',
    endedAt: new Date(clock.nowMs).toISOString(),
    ms: 38,
    api: API,
    confirmedBy: 'user',
  })
  expect(auditStore.rejected).toEqual([])
})

test('a call that still runs when it ships is two events', async () => {
  const user = await userWith('two-events', 'g1')
  const read = intent({ key: null, effect: 'read', tool: 'listTodos', facts: { ...FACTS, kind: 'resource' } })
  await user.beginCall(read)
  await runDurableObjectAlarm(user)
  await user.endReads([
    { call: read.transaction, outcome: 'failed', facts: { ms: 9, reason: 'unavailable' } },
  ])
  await user.endReads([{ call: read.transaction, outcome: 'done' }])
  await runDurableObjectAlarm(user)
  const shared = {
    transaction: read.transaction,
    grant: 'g1',
    client: { id: 'client-a', givenName: 'Client' },
    what: { kind: 'resource', name: 'listTodos' },
    session: FACTS.session,
    network: FACTS.network,
  }
  expect(callsIn('two-events')).toMatchObject([
    { type: 'call.began', ...shared, effect: 'read', bytesIn: 321 },
    { type: 'call.ended', ...shared, outcome: 'failed', reason: 'unavailable', ms: 9 },
  ])
  expect(await auditStore.faultOf('two-events')).toBeNull()
  expect(auditStore.rejected).toEqual([])
})

test('a call that is lost in a crash is unknown in the audit log', async () => {
  const user = await userWith('lost', 'g1')
  const [shipped, waiting] = [intent({ key: null }), intent({ key: null })]
  await user.beginCall(shipped)
  await runDurableObjectAlarm(user)
  await user.beginCall(waiting)
  await evictDurableObject(user)
  clock.nowMs += LOST_AFTER_MS + 1000
  for (let alarms = 0; alarms < 2; alarms += 1) await runDurableObjectAlarm(user)
  const byCall = Map.groupBy(callsIn('lost'), ({ transaction }) => transaction)
  expect(byCall.get(shipped.transaction)).toMatchObject([
    { type: 'call.began' },
    { type: 'call.ended', outcome: 'unknown' },
  ])
  const ofWaiting = byCall.get(waiting.transaction) ?? []
  expect(ofWaiting.filter(({ outcome }) => outcome !== undefined)).toMatchObject([{ outcome: 'unknown' }])
})

test('a call that gets no token is on record as refused, with the reason', async () => {
  const user = await userWith('no-token', 'g1')
  clock.nowMs += 366 * 24 * 3_600_000
  const start = await user.beginCall(intent({ key: null }))
  expect(start.verdict).toBe('unavailable')
  await runDurableObjectAlarm(user)
  expect(callsIn('no-token')).toMatchObject([{ type: 'call', outcome: 'refused', reason: 'unavailable' }])
})

test('a table of an older version is replaced, and nothing of it is read', async () => {
  const user = await userWith('older', 'g1')
  await runInDurableObject(user, (_object, { storage }) => {
    storage.sql.exec('DROP TABLE calls; CREATE TABLE calls (seq INTEGER PRIMARY KEY, id TEXT) STRICT;')
    storage.sql.exec("INSERT INTO calls VALUES (7, 'old')")
    storage.kv.put('calls-schema', 4)
  })
  await evictDurableObject(user)
  await user.endCall('old', 'done', '{}')
  await user.endReads([{ call: 'old', outcome: 'done' }])
  await runDurableObjectAlarm(user)
  await user.endGrant('g0', 'ended_by_user')
  expect(await user.beginCall(intent())).toMatchObject({ verdict: 'go' })
  expect(await rowsOf(user)).toMatchObject([{ tool: 'addTodo', outcome: null }])
})
