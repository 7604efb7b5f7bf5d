import { z } from 'zod'
import type { EndFacts } from '#events/call-facts.ts'
import type { Emit } from '#events/event.ts'
import { log } from '#lib/log.ts'
import { uuidv7 } from '#lib/uuid.ts'
import type { Sequence } from '../audit/sequence.ts'
import type { UserStorage } from '../base/step.ts'
import { CallEvents, endedEvent, NamingRow, type RecordedFacts, storedFacts } from './call-events.ts'
import { CallKeys, type EarlierCall, type KeyedIntent, KEYS_LAST_MS } from './call-keys.ts'
import { BATCH, CallRows, LOST_AFTER_MS } from './call-rows.ts'
import type { CallIntent, CallOutcome } from './calls.ts'
import type { RequestTime } from './request-rates.ts'

const StartRow = z.object({ grant_id: z.string(), began_at_ms: z.number() })
const KnownRow = z.object({ event_seq: z.number(), outcome: z.string().nullable() })
const LostRow = z.object({ id: z.string(), tool: z.string() })
const OpenRow = z.object({ event_seq: z.number(), effect: z.enum(['read', 'write']) })

/**
 * An intent as it is stored, with keyed digests of its arguments: a plain hash of short arguments could be guessed.
 * The first digest is written; those under older root keys are still recognised.
 */
export interface RecordedIntent extends CallIntent {
  digests: readonly [string, ...string[]]
  recorded: RecordedFacts
}

/** What is known of a call at its end. `encrypted`: its result, for a retry. */
export interface CallEnd {
  outcome: CallOutcome
  encrypted?: string | null
  facts?: EndFacts | undefined
}

interface CallTableDeps {
  storage: UserStorage
  nowMs: () => number
  sequence: Pick<Sequence, 'next' | 'frozen'>
  emit: Emit
  /** The number of the last event that is in the audit log. */
  shipped: () => number
  /** Called when a write ended as done or unknown. */
  onWrite: () => void
}

/** The calls of one user. Synchronous, so that the lookup of a key and its use are one act. */
export class CallTable {
  readonly keys: CallKeys
  readonly events: CallEvents
  readonly #deps: CallTableDeps
  readonly #rows: CallRows

  constructor(deps: CallTableDeps) {
    this.#deps = deps
    this.#rows = new CallRows(deps.storage)
    this.keys = new CallKeys(this.#rows, deps.nowMs)
    this.events = new CallEvents(this.#rows, deps.nowMs)
  }

  /** Called when a grant is opened: the object of a user without any grant stores nothing. */
  create(): void {
    this.#rows.create()
  }

  /** Whether this call is on record. */
  has(call: string): boolean {
    return this.#rows.exist && this.#known(call) !== null
  }

  /** Stores the intent. If an earlier call has its key, returns that call and writes nothing. */
  begin(intent: RecordedIntent): EarlierCall | 'too_many_keys' | null {
    this.create()
    const known = this.#known(intent.transaction)
    if (known !== null) {
      // A repeated message: its first answer was lost, so nothing has run and the stored outcome does not count.
      if (known.outcome !== null) this.#reopen(intent, known.event_seq)
      return null
    }
    const earlier = this.earlier(intent)
    if (earlier !== null) return earlier
    if (intent.key !== null && this.keys.isFull) return 'too_many_keys'
    this.#insert(intent)
    return null
  }

  /** The earlier call that blocks this intent. A call that certainly changed nothing does not block. */
  earlier(intent: KeyedIntent): EarlierCall | null {
    if (intent.key === null || !this.#rows.exist) return null
    this.#markLost()
    return this.keys.earlier(intent)
  }

  /** Idempotent: the first outcome stays. True: it is this one. */
  end(call: string, end: CallEnd): boolean {
    const ended = this.#rows.exist ? this.#end(call, end) : null
    if (ended === 'written') this.#deps.onWrite()
    if (ended !== null && end.encrypted != null) this.keys.dropOldResults()
    return ended !== null
  }

  /** Drops the stored results of an ended grant. */
  dropResults(grant: string): void {
    this.keys.dropResults(grant)
  }

  /** Expires keys and rows. True: call it again at once. */
  sweep(): boolean {
    if (!this.#rows.exist) return false
    this.#markLost()
    return [this.keys.expire(), this.events.deleteOver(this.#deps.shipped())].includes(true)
  }

  /** The calls that began after this moment, the oldest first. */
  begunSince(sinceMs: number): RequestTime[] {
    if (!this.#rows.exist) return []
    const rows = this.#rows.select(
      `SELECT grant_id, began_at_ms FROM calls WHERE began_at_ms > ? AND event_seq > COALESCE(
         (SELECT event_seq FROM calls WHERE began_at_ms <= ? ORDER BY event_seq DESC LIMIT 1), 0)
       ORDER BY began_at_ms`,
      sinceMs,
      sinceMs,
    )
    return rows.map((row) => {
      const { grant_id: grant, began_at_ms: atMs } = StartRow.parse(row)
      return { grant, atMs }
    })
  }

  /** When the next sweep has work. Rows that nothing needs wait for the next batch or alarm of another cause. */
  nextSeconds(): number | null {
    if (!this.#rows.exist) return null
    const [row = {}] = this.#rows.select(
      `SELECT (SELECT MIN(began_at_ms) + ? FROM calls WHERE outcome IS NULL) AS lost,
         (SELECT MIN(key_ends_at_ms) FROM calls WHERE key_hash IS NOT NULL AND outcome IS NOT NULL) AS kept`,
      LOST_AFTER_MS,
    )
    const times = Object.values(row).filter((time) => typeof time === 'number')
    return times.length === 0 ? null : Math.ceil(Math.min(...times) / 1000)
  }

  #known(call: string): z.infer<typeof KnownRow> | null {
    const [row] = this.#rows.select('SELECT event_seq, outcome FROM calls WHERE id = ?', call)
    return row === undefined ? null : KnownRow.parse(row)
  }

  /**
   * @step audit 1 a call: its row is its event
   */
  #insert(intent: RecordedIntent): void {
    const { nowMs, sequence } = this.#deps
    const now = nowMs()
    this.#rows.exec(
      `INSERT INTO calls (event_seq, event_id, id, grant_id, client, transport, tool, effect, arguments_digest, key_hash,
         key_ends_at_ms, began_at_ms, client_trace, facts)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      sequence.next(),
      uuidv7(now),
      intent.transaction,
      intent.grant,
      intent.client,
      intent.transport,
      intent.tool,
      intent.effect,
      intent.digests[0],
      intent.key?.hash ?? null,
      intent.key === null ? null : now + KEYS_LAST_MS,
      now,
      intent.clientTrace ?? null,
      storedFacts(intent, intent.recorded),
    )
  }

  /** A repeated message begins its call again. Its first event stays as it is once it is frozen. */
  #reopen(intent: RecordedIntent, seq: number): void {
    const { nowMs, sequence } = this.#deps
    const now = nowMs()
    if (seq > sequence.frozen) {
      this.#rows.exec(
        `UPDATE calls SET event_id = ?, began_at_ms = ?, outcome = NULL, ended_at_ms = NULL, end_facts = NULL
         WHERE event_seq = ?`,
        uuidv7(now),
        now,
        seq,
      )
      return
    }
    this.#rows.exec(
      `UPDATE calls SET id = id || '#' || event_seq, result = NULL, key_hash = NULL, key_ends_at_ms = NULL
       WHERE event_seq = ?`,
      seq,
    )
    this.#insert(intent)
  }

  /** `written`: a write ended as done or unknown. null: the call does not run. */
  #end(call: string, { outcome, encrypted = null, facts }: CallEnd): 'written' | 'ended' | null {
    const { nowMs, sequence, emit } = this.#deps
    // Two plain statements: SQLite's RETURNING creates a temporary trigger in each object's connection.
    const [found] = this.#rows.select(
      'SELECT event_seq, id, grant_id, client, tool, effect, facts FROM calls WHERE id = ? AND outcome IS NULL',
      call,
    )
    if (found === undefined) return null
    const open = OpenRow.parse(found)
    const atMs = nowMs()
    const isFrozen = open.event_seq <= sequence.frozen
    this.#rows.exec(
      'UPDATE calls SET outcome = ?, ended_at_ms = ?, result = ?, end_facts = ?, ended_later = ? WHERE event_seq = ?',
      outcome,
      atMs,
      encrypted,
      facts === undefined || isFrozen ? null : JSON.stringify(facts),
      isFrozen ? 1 : 0,
      open.event_seq,
    )
    if (isFrozen) emit(endedEvent(NamingRow.parse(found), { outcome, atMs, facts }))
    const isWritten = open.effect === 'write' && (outcome === 'done' || outcome === 'unknown')
    return isWritten ? 'written' : 'ended'
  }

  /** Invariant 8: an intent without an outcome, as after a crash, becomes "unknown". */
  #markLost(): void {
    const lost = this.#rows.select(
      'SELECT id, tool FROM calls WHERE outcome IS NULL AND began_at_ms <= ? ORDER BY began_at_ms LIMIT ?',
      this.#deps.nowMs() - LOST_AFTER_MS,
      BATCH,
    )
    let isWrite = false
    for (const row of lost) {
      const { id, tool } = LostRow.parse(row)
      if (this.#end(id, { outcome: 'unknown' }) === 'written') isWrite = true
      log.warn('call.lost', { call: id, tool })
    }
    if (isWrite) this.#deps.onWrite()
  }
}
