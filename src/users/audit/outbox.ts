import { z } from 'zod'
import type { EventType, NewEvent } from '#events/event.ts'
import { log } from '#lib/log.ts'
import { uuidv7 } from '#lib/uuid.ts'
import { isReadable, type UserStorage } from '../base/step.ts'
import { MOST_RESERVED, MOST_WAITING } from '../bounds.ts'
import { eventClient } from '../grants/grant.ts'
import type { GrantTable } from '../grants/grant-table.ts'
import type { EventSource, Sequence, WaitingEvent } from './sequence.ts'

/** The version of the table, stored beside it. */
const VERSION_KEY = 'outbox-schema'
const VERSION = 1
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('common', 'reserved')),
    dedupe TEXT,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS outbox_dedupe ON outbox (dedupe) WHERE dedupe IS NOT NULL;
  CREATE INDEX IF NOT EXISTS outbox_reserved ON outbox (seq) WHERE kind = 'reserved';
`

type Kind = 'common' | 'reserved'

/**
 * The share of the outbox that an event uses. `always`: it is stored even if that share is full, because a user's act or an
 * earlier event bounds its number. Calls are rows of their own table; the shipper makes `chain.opened` and `event.rejected`.
 */
const SHARES: Record<EventType, { kind: Kind; always?: true }> = {
  'chain.opened': { kind: 'reserved' },
  'event.rejected': { kind: 'reserved' },
  call: { kind: 'common' },
  'call.began': { kind: 'common' },
  'call.ended': { kind: 'common', always: true },
  'grant.refreshed': { kind: 'common' },
  'downstream.refreshed': { kind: 'common' },
  'session.opened': { kind: 'common' },
  'session.closed': { kind: 'common' },
  'session.taken-over': { kind: 'common' },
  'login.started': { kind: 'reserved', always: true },
  'consent.given': { kind: 'reserved', always: true },
  'login.completed': { kind: 'reserved', always: true },
  'login.refused': { kind: 'reserved' },
  'grant.opened': { kind: 'reserved', always: true },
  'grant.widened': { kind: 'reserved', always: true },
  'grant.ended': { kind: 'reserved', always: true },
  'call.denied': { kind: 'reserved' },
  'step-up.asked': { kind: 'reserved' },
  'step-up.approved': { kind: 'reserved', always: true },
  'step-up.denied': { kind: 'reserved', always: true },
  security: { kind: 'reserved' },
  'account.signed-in': { kind: 'reserved' },
  'account.signed-out': { kind: 'reserved' },
  'account.pingone-signed-out': { kind: 'reserved' },
  'user.blocked': { kind: 'reserved', always: true },
  'user.unblocked': { kind: 'reserved', always: true },
  'user.erased': { kind: 'reserved', always: true },
  'operator.signed-in': { kind: 'reserved', always: true },
  'operator.signed-out': { kind: 'reserved', always: true },
  'operator.began': { kind: 'reserved', always: true },
  'operator.ended': { kind: 'reserved', always: true },
  'reads.not-recorded': { kind: 'reserved', always: true },
  'events.not-recorded': { kind: 'reserved', always: true },
}

const DENIALS_MS = 60_000
const WARNED_MS = 60_000

const Row = z.object({ seq: z.number(), id: z.string(), at_ms: z.number(), body: z.string() })
const Body = z.record(z.string(), z.unknown())
const Counted = z.looseObject({ count: z.int() })

interface OutboxDeps {
  storage: UserStorage
  sequence: Sequence
  nowMs: () => number
  /** The number of the last event that D1 has. */
  shipped: () => number
  /** An object that never had a grant or an operator stores nothing. An event that names a grant gets its client. */
  grants: Pick<GrantTable, 'all' | 'read'>
}

/** The events of one user that wait for D1. Synchronous: `emit` stores an event in the act that it records. */
export class Outbox implements EventSource {
  readonly #deps: OutboxDeps
  #hasTable = false
  #reserved: number | null = null
  #warnedAtMs = -Infinity

  constructor(deps: OutboxDeps) {
    this.#deps = deps
  }

  /** Called when a grant opens or an operator signs in. */
  create(): void {
    if (this.exists) return
    this.#exec(SCHEMA)
    this.#deps.storage.kv.put(VERSION_KEY, VERSION)
    this.#hasTable = true
  }

  /**
   * Never refuses: an event that finds no room is counted in another one.
   * @step audit 1 what is no call: a row of the outbox
   */
  readonly emit = (event: NewEvent): void => {
    if (!this.exists) {
      if (this.#deps.grants.all().length === 0) return
      this.create()
    }
    const { kind, always } = SHARES[event.type]
    const { atMs = this.#deps.nowMs(), ...given } = event
    const dedupe = dedupeOf(event)
    if (dedupe !== null && this.#countUp(dedupe, event.type)) return
    if (always === undefined && !this.hasRoom(kind)) return this.#countLost(event.type)
    const grant = given.grant === undefined ? null : this.#deps.grants.read(given.grant)
    const body = grant === null ? given : { client: eventClient(grant), ...given }
    this.#insert({ kind, atMs, dedupe, body })
  }

  hasRoom(kind: Kind): boolean {
    const reserved = this.#countReserved()
    if (kind === 'reserved') return reserved < MOST_RESERVED
    const { sequence, shipped } = this.#deps
    return sequence.last - shipped() - reserved < MOST_WAITING
  }

  /** The number of rows. */
  get count(): number {
    if (!this.exists) return 0
    return Number(this.#rows('SELECT COUNT(*) AS count FROM outbox')[0]?.['count'] ?? 0)
  }

  lastSeq(): number {
    if (!this.exists) return 0
    return Number(this.#rows('SELECT MAX(seq) AS last FROM outbox')[0]?.['last'] ?? 0)
  }

  waiting(from: number, to: number): WaitingEvent[] {
    if (!this.exists) return []
    const select = 'SELECT seq, id, at_ms, body FROM outbox WHERE seq BETWEEN ? AND ? ORDER BY seq'
    return this.#rows(select, from, to).map((row) => {
      const { seq, id, at_ms: atMs, body } = Row.parse(row)
      return { seq, id, atMs, event: Body.parse(JSON.parse(body)) }
    })
  }

  release(upTo: number): void {
    if (!this.exists) return
    this.#exec('DELETE FROM outbox WHERE seq <= ?', upTo)
    this.#reserved = null
  }

  #insert({ kind, atMs, dedupe, body }: { kind: Kind; atMs: number; dedupe: string | null; body: object }) {
    const reserved = this.#countReserved()
    this.#exec(
      'INSERT INTO outbox (seq, id, at_ms, kind, dedupe, body) VALUES (?, ?, ?, ?, ?, ?)',
      this.#deps.sequence.next(),
      uuidv7(atMs),
      atMs,
      kind,
      dedupe,
      JSON.stringify(body),
    )
    if (kind === 'reserved') this.#reserved = reserved + 1
  }

  /** Adds the event to the count of an equal one that may still change. False if no such event waits. */
  #countUp(dedupe: string, type: EventType): boolean {
    const { sequence, nowMs } = this.#deps
    const [found] = this.#rows(
      'SELECT seq, id, at_ms, body FROM outbox WHERE dedupe = ? AND seq > ? ORDER BY seq DESC LIMIT 1',
      dedupe,
      sequence.frozen,
    )
    if (found === undefined) return false
    const { seq, at_ms: atMs, body } = Row.parse(found)
    if (type === 'call.denied' && nowMs() - atMs >= DENIALS_MS) return false
    const counted = Counted.safeParse(JSON.parse(body))
    if (!counted.success) return true
    const { count, ...rest } = counted.data
    const next = JSON.stringify({ ...rest, count: count + 1, lastAt: new Date(nowMs()).toISOString() })
    this.#exec('UPDATE outbox SET body = ? WHERE seq = ?', next, seq)
    return true
  }

  #countLost(type: EventType): void {
    const nowMs = this.#deps.nowMs()
    // At most one line a minute: the event has the number.
    if (nowMs - this.#warnedAtMs >= WARNED_MS) {
      this.#warnedAtMs = nowMs
      log.error('audit.no-room', { type })
    }
    this.emit({ type: 'events.not-recorded', count: 1, lastAt: new Date(nowMs).toISOString() })
  }

  #countReserved(): number {
    if (!this.exists) return 0
    this.#reserved ??= Number(
      this.#rows("SELECT COUNT(*) AS count FROM outbox WHERE kind = 'reserved'")[0]?.['count'] ?? 0,
    )
    return this.#reserved
  }

  get exists(): boolean {
    this.#hasTable ||= isReadable(this.#deps.storage.kv.get(VERSION_KEY), VERSION)
    return this.#hasTable
  }

  #exec(statement: string, ...values: (string | number | null)[]) {
    return this.#deps.storage.sql.exec(statement, ...values)
  }

  #rows(statement: string, ...values: (string | number)[]) {
    return this.#exec(statement, ...values).toArray()
  }
}

/** Equal events have equal keys. null: each is an event of its own. */
function dedupeOf(event: NewEvent): string | null {
  const { type, grant = null } = event
  if (type === 'call.denied') {
    const { session = null, what, reason, network = null, decision } = event
    const by = decision === undefined ? [] : [decision.policy, ...decision.rules]
    return JSON.stringify([type, grant, session, what?.kind, what?.name, reason, network, ...by])
  }
  if (type === 'login.refused') return JSON.stringify([type, event.transaction ?? null, event.reason])
  return type === 'reads.not-recorded' || type === 'events.not-recorded' ? type : null
}
