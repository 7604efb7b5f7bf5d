import { z } from 'zod'
import { log } from '#lib/log.ts'
import type { UserStorage } from '../base/step.ts'
import { CALLS_LAST_DAYS, MOST_CALLS, MOST_LIVE_KEYS, MOST_RESULTS } from '../bounds.ts'
import { type CallIntent, CallOutcome } from './calls.ts'
import type { RequestTime } from './request-rates.ts'

/** The version of the table, stored beside it: a Durable Object cannot read SQLite's own `user_version`. */
const VERSION_KEY = 'calls-schema'
const VERSION = 4

/**
 * One row for each tool call (decision 17), for audit, idempotency and recovery.
 * `seq` numbers the last change of a row, so that a reader in its order gets each intent and later its outcome.
 * It never decreases, so the newest row is never deleted.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS calls (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    grant_id TEXT NOT NULL,
    client TEXT NOT NULL,
    transport TEXT NOT NULL,
    tool TEXT NOT NULL,
    effect TEXT NOT NULL CHECK (effect IN ('read', 'write')),
    arguments_digest TEXT NOT NULL,
    key_hash TEXT,
    key_ends_at_ms INTEGER,
    began_at_ms INTEGER NOT NULL,
    ended_at_ms INTEGER,
    outcome TEXT CHECK (outcome IN ('done', 'refused', 'failed', 'unknown')),
    result TEXT,
    client_trace TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS calls_open ON calls (began_at_ms) WHERE outcome IS NULL;
  CREATE INDEX IF NOT EXISTS calls_keyed ON calls (key_hash) WHERE key_hash IS NOT NULL;
  CREATE INDEX IF NOT EXISTS calls_kept ON calls (key_ends_at_ms) WHERE result IS NOT NULL;
  CREATE INDEX IF NOT EXISTS calls_key_ends ON calls (key_ends_at_ms) WHERE key_hash IS NOT NULL;
`

/** Also how long a client's idempotency key stays valid. */
const DAY_MS = 24 * 3_600_000
/** Far beyond the deadline of a tool call: no outcome will arrive any more. */
export const LOST_AFTER_MS = 120_000
/** A row stays this long after its last change. Code that ships rows must keep those that it has not shipped. */
export const ROWS_LAST_MS = CALLS_LAST_DAYS * DAY_MS
/** Rows per statement of one sweep. The next alarm continues at once. */
const BATCH = 500
const EarlierRow = z.object({
  id: z.string(),
  grant_id: z.string(),
  arguments_digest: z.string(),
  outcome: CallOutcome.nullable(),
  result: z.string().nullable(),
})
const StartRow = z.object({ grant_id: z.string(), began_at_ms: z.number() })
const OpenRow = z.object({ id: z.string(), tool: z.string() })

/**
 * An intent with keyed digests of its arguments: a plain hash of short arguments could be guessed.
 * The first digest is written; those under older root keys are still recognised.
 */
export type RecordedIntent = CallIntent & { digests: readonly [string, ...string[]] }

/** The earlier call with the same key, and what it means for a new one. */
export interface EarlierCall {
  verdict: 'repeat' | 'running' | 'unknown' | 'mismatch'
  call: string
  grant: string
  encrypted: string | null
}

/** The calls of one user. Synchronous, so that the lookup of a key and its use are one act. */
export class CallTable {
  readonly #storage: UserStorage
  readonly #nowMs: () => number
  readonly #onWrite: () => void

  /** `onWrite`: called when a write ended as done or unknown. */
  constructor(storage: UserStorage, nowMs: () => number, onWrite: () => void) {
    this.#storage = storage
    this.#nowMs = nowMs
    this.#onWrite = onWrite
  }

  /** Called when a grant is opened: the object of a user without any grant stores nothing. */
  create(): void {
    if (this.#exists()) return
    this.#exec(SCHEMA)
    this.#storage.kv.put(VERSION_KEY, VERSION)
  }

  /** Stores the intent. If an earlier call has its key, returns that call and writes nothing. */
  begin(intent: RecordedIntent): EarlierCall | 'too_many_keys' | null {
    this.create()
    const { transaction, key } = intent
    if (this.#rows('SELECT id FROM calls WHERE id = ?', transaction).length > 0) {
      // A repeated message: its first answer was lost, so nothing has run and the stored outcome does not count.
      this.#reopen(transaction)
      return null
    }
    const earlier = this.earlier(intent)
    if (earlier !== null) return earlier
    const now = this.#nowMs()
    if (key !== null && this.#hasTooManyKeys(now)) return 'too_many_keys'
    this.#exec(
      `INSERT INTO calls (seq, id, grant_id, client, transport, tool, effect, arguments_digest, key_hash, key_ends_at_ms,
         began_at_ms, client_trace)
       SELECT COALESCE(MAX(seq), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM calls`,
      transaction,
      intent.grant,
      intent.client,
      intent.transport,
      intent.tool,
      intent.effect,
      intent.digests[0],
      key?.hash ?? null,
      key === null ? null : now + DAY_MS,
      now,
      intent.clientTrace ?? null,
    )
    return null
  }

  /** The earlier call that blocks this intent. A call that certainly changed nothing does not block. */
  earlier({ key, digests, transaction }: RecordedIntent): EarlierCall | null {
    if (key === null || !this.#exists()) return null
    this.#markLost()
    const [row] = this.#rows(
      `SELECT id, grant_id, arguments_digest, outcome, result FROM calls
       WHERE key_hash = ? AND (key_ends_at_ms > ? OR outcome IS NULL) ORDER BY seq DESC LIMIT 1`,
      key.hash,
      this.#nowMs(),
    ).map((found) => EarlierRow.parse(found))
    if (row === undefined || row.id === transaction) return null
    const found = { call: row.id, grant: row.grant_id, encrypted: row.result }
    if (!digests.includes(row.arguments_digest)) return { ...found, verdict: 'mismatch' }
    if (row.outcome === null) return { ...found, verdict: 'running' }
    if (row.outcome === 'done') return { ...found, verdict: 'repeat' }
    return row.outcome === 'unknown' ? { ...found, verdict: 'unknown' } : null
  }

  /** The grant of a running call with a key: its result is stored. null for other calls. */
  keepsResultFor(call: string): string | null {
    const [row] = this.#rows(
      'SELECT grant_id FROM calls WHERE id = ? AND key_hash IS NOT NULL AND outcome IS NULL',
      call,
    )
    return row === undefined ? null : z.object({ grant_id: z.string() }).parse(row).grant_id
  }

  /** Idempotent: the first outcome stays. True: it is this one. */
  end(call: string, outcome: CallOutcome, encrypted: string | null = null): boolean {
    const ended = this.#end(call, outcome, encrypted)
    if (ended === 'written') this.#onWrite()
    if (encrypted !== null) this.#dropOldResults()
    return ended !== null
  }

  #dropOldResults(): void {
    const old = 'SELECT seq FROM calls WHERE result IS NOT NULL ORDER BY key_ends_at_ms DESC LIMIT ? OFFSET ?'
    this.#exec(`UPDATE calls SET result = NULL WHERE seq IN (${old})`, BATCH, MOST_RESULTS)
  }

  /** Drops the stored results of an ended grant. The rows stay. */
  dropResults(grant: string): void {
    if (!this.#exists()) return
    this.#exec('UPDATE calls SET result = NULL WHERE result IS NOT NULL AND grant_id = ?', grant)
  }

  /** Expires rows. True: call it again at once. */
  sweep(): boolean {
    if (!this.#exists()) return false
    this.#markLost()
    const nowMs = this.#nowMs()
    const keys = this.#exec(
      `UPDATE calls SET result = NULL, key_hash = NULL, key_ends_at_ms = NULL WHERE seq IN (
         SELECT seq FROM calls WHERE key_hash IS NOT NULL AND key_ends_at_ms <= ? AND outcome IS NOT NULL
         ORDER BY key_ends_at_ms LIMIT ?)`,
      nowMs,
      BATCH,
    )
    // Rows are ordered by their last change, so the search stops at the first young one.
    const old = this.#exec(
      `DELETE FROM calls WHERE seq IN (
         SELECT seq FROM calls WHERE seq < COALESCE(
           (SELECT seq FROM calls WHERE COALESCE(ended_at_ms, began_at_ms) >= ? ORDER BY seq LIMIT 1),
           (SELECT MAX(seq) FROM calls))
         ORDER BY seq LIMIT ?)`,
      nowMs - ROWS_LAST_MS,
      BATCH,
    )
    // Running calls and valid keys stay: each has its own bound.
    const tooMany = this.#exec(
      `DELETE FROM calls WHERE seq IN (
         SELECT seq FROM calls WHERE seq <= (SELECT seq FROM calls ORDER BY seq DESC LIMIT 1 OFFSET ?)
           AND outcome IS NOT NULL AND key_hash IS NULL
         ORDER BY seq LIMIT ?)`,
      MOST_CALLS,
      BATCH,
    )
    return [keys, old, tooMany].some(({ rowsWritten }) => rowsWritten >= BATCH)
  }

  /** The calls that began after this moment, the oldest first. */
  begunSince(sinceMs: number): RequestTime[] {
    if (!this.#exists()) return []
    const rows = this.#rows(
      `SELECT grant_id, began_at_ms FROM calls WHERE began_at_ms > ? AND seq > COALESCE(
         (SELECT seq FROM calls WHERE COALESCE(ended_at_ms, began_at_ms) <= ? ORDER BY seq DESC LIMIT 1), 0)
       ORDER BY began_at_ms`,
      sinceMs,
      sinceMs,
    )
    return rows.map((row) => {
      const { grant_id: grant, began_at_ms: atMs } = StartRow.parse(row)
      return { grant, atMs }
    })
  }

  /** When the next sweep has work. */
  nextSeconds(): number | null {
    if (!this.#exists()) return null
    const [row = {}] = this.#rows(
      `SELECT (SELECT MIN(began_at_ms) + ? FROM calls WHERE outcome IS NULL) AS lost,
         (SELECT MIN(key_ends_at_ms) FROM calls WHERE key_hash IS NOT NULL AND outcome IS NOT NULL) AS kept,
         (SELECT COALESCE(ended_at_ms, began_at_ms) + ? FROM calls
          WHERE seq < (SELECT MAX(seq) FROM calls) ORDER BY seq LIMIT 1) AS old`,
      LOST_AFTER_MS,
      // A day late, so that one alarm takes the rows of a day.
      ROWS_LAST_MS + DAY_MS,
    )
    const times = Object.values(row).filter((time) => typeof time === 'number')
    return times.length === 0 ? null : Math.ceil(Math.min(...times) / 1000)
  }

  #exists(): boolean {
    return this.#storage.kv.get(VERSION_KEY) === VERSION
  }

  /** A repeated message begins its call again. */
  #reopen(call: string): void {
    this.#exec(
      `UPDATE calls SET seq = (SELECT MAX(seq) + 1 FROM calls), outcome = NULL, ended_at_ms = NULL, began_at_ms = ?
       WHERE id = ? AND outcome IS NOT NULL`,
      this.#nowMs(),
      call,
    )
  }

  /** `written`: a write ended as done or unknown. null: the call does not run. */
  #end(call: string, outcome: CallOutcome, encrypted: string | null): 'written' | 'ended' | null {
    // Two plain statements: SQLite's RETURNING creates a temporary trigger in each object's connection.
    const [open] = this.#rows('SELECT effect FROM calls WHERE id = ? AND outcome IS NULL', call)
    if (open === undefined) return null
    this.#exec(
      `UPDATE calls SET seq = (SELECT MAX(seq) + 1 FROM calls), outcome = ?, ended_at_ms = ?, result = ?
       WHERE id = ? AND outcome IS NULL`,
      outcome,
      this.#nowMs(),
      encrypted,
      call,
    )
    const isWritten = open['effect'] === 'write' && (outcome === 'done' || outcome === 'unknown')
    return isWritten ? 'written' : 'ended'
  }

  /** Invariant 8: an intent without an outcome, as after a crash, becomes "unknown". */
  #markLost(): void {
    const lost = this.#rows(
      'SELECT id, tool FROM calls WHERE outcome IS NULL AND began_at_ms <= ? ORDER BY began_at_ms LIMIT ?',
      this.#nowMs() - LOST_AFTER_MS,
      BATCH,
    )
    let isWrite = false
    for (const row of lost) {
      const { id, tool } = OpenRow.parse(row)
      if (this.#end(id, 'unknown', null) === 'written') isWrite = true
      log.warn('call.lost', { call: id, tool })
    }
    if (isWrite) this.#onWrite()
  }

  #hasTooManyKeys(nowMs: number): boolean {
    const [row] = this.#rows(
      'SELECT COUNT(*) AS live FROM calls WHERE key_hash IS NOT NULL AND key_ends_at_ms > ?',
      nowMs,
    )
    return Number(row?.['live'] ?? 0) >= MOST_LIVE_KEYS
  }

  #exec(statement: string, ...values: (string | number | null)[]) {
    return this.#storage.sql.exec(statement, ...values)
  }

  #rows(statement: string, ...values: (string | number | null)[]) {
    return this.#exec(statement, ...values).toArray()
  }
}
