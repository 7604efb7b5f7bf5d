import { z } from 'zod'
import {
  dropOldResults,
  endCall,
  hasTooManyKeys,
  markLost,
  nextSweepSeconds,
  sweepCalls,
} from './call-sweep.ts'
import { hasCallTable, makeCallTable } from './call-table.ts'
import { type CallIntent, CallOutcome } from './calls.ts'
import type { Made } from './request-rates.ts'
import type { UserStorage } from '../base/step.ts'

/** How long a client's key stays valid. */
const KEY_LASTS_MS = 24 * 3_600_000

const Earlier = z.object({
  id: z.string(),
  grant_id: z.string(),
  arguments_digest: z.string(),
  outcome: CallOutcome.nullable(),
  result: z.string().nullable(),
})

const Begun = z.object({ grant_id: z.string(), began_at_ms: z.number() })

/**
 * An intent as it is recorded. The digest of its arguments is keyed, because short ones could be guessed. The
 * first of `digests` is written; those under older root keys, and the one that release 0.1.0 wrote, are still known.
 */
export type RecordedIntent = CallIntent & { digests: readonly [string, ...string[]] }

/** The call that a key was used for before, and what it means for one that comes now. */
export interface EarlierCall {
  verdict: 'repeat' | 'running' | 'unknown' | 'mismatch'
  call: string
  grant: string
  encrypted: string | null
}

/** The rows of one user's calls. Synchronous, like all rules of a User: who looks for a key also takes it. */
export class CallLog {
  readonly #storage: UserStorage
  readonly #nowMs: () => number
  readonly #mayHaveChanged: () => void

  /** `mayHaveChanged`: a write has ended that was done, or of which nobody knows whether it was. */
  constructor(storage: UserStorage, nowMs: () => number, mayHaveChanged: () => void) {
    this.#storage = storage
    this.#nowMs = nowMs
    this.#mayHaveChanged = mayHaveChanged
  }

  makeTable(): void {
    makeCallTable(this.#storage)
  }

  /** Puts the intent on record; or says which earlier call has its key, and then nothing is written. */
  begin(intent: RecordedIntent): EarlierCall | 'too_many_keys' | null {
    makeCallTable(this.#storage)
    const { transaction, key } = intent
    if (this.#rows('SELECT id FROM calls WHERE id = ?', transaction).length > 0) {
      // The same message once more: its first answer got lost, so nothing has run and what it said does not count.
      if (intent.refused === undefined) this.#reopen(transaction)
      return null
    }
    const earlier = this.earlier(intent)
    if (earlier !== null) return earlier
    const now = this.#nowMs()
    if (key !== null && hasTooManyKeys(this.#storage.sql, now)) return 'too_many_keys'
    this.#rows(
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
      key === null ? null : now + KEY_LASTS_MS,
      now,
      intent.clientTrace ?? null,
    )
    return null
  }

  /** What stands in the way of this intent. A call that certainly changed nothing does not: it may be made again. */
  earlier({ key, digests, transaction }: RecordedIntent): EarlierCall | null {
    if (key === null || !hasCallTable(this.#storage)) return null
    this.#markLost()
    const [row] = this.#rows(
      `SELECT id, grant_id, arguments_digest, outcome, result FROM calls
       WHERE key_hash = ? AND (key_ends_at_ms > ? OR outcome IS NULL) ORDER BY seq DESC LIMIT 1`,
      key.hash,
      this.#nowMs(),
    ).map((found) => Earlier.parse(found))
    if (row === undefined || row.id === transaction) return null
    const found = { call: row.id, grant: row.grant_id, encrypted: row.result }
    if (!digests.includes(row.arguments_digest)) return { ...found, verdict: 'mismatch' }
    if (row.outcome === null) return { ...found, verdict: 'running' }
    if (row.outcome === 'done') return { ...found, verdict: 'repeat' }
    return row.outcome === 'unknown' ? { ...found, verdict: 'unknown' } : null
  }

  /** The grant of a call whose result is kept, if there is one: that of a call with a key that has no outcome yet. */
  keepsResultFor(call: string): string | null {
    const [row] = this.#rows(
      'SELECT grant_id FROM calls WHERE id = ? AND key_hash IS NOT NULL AND outcome IS NULL',
      call,
    )
    return row === undefined ? null : z.object({ grant_id: z.string() }).parse(row).grant_id
  }

  /** The first outcome stands: what is known about an effect does not change by being told again. */
  end(call: string, outcome: CallOutcome, encrypted: string | null = null): void {
    if (endCall(this.#storage.sql, call, outcome, this.#nowMs(), encrypted)) this.#mayHaveChanged()
    if (encrypted !== null) dropOldResults(this.#storage.sql)
  }

  /** The grant ended: what its calls answered goes, that they were made stays. */
  dropResults(grant: string): void {
    if (!hasCallTable(this.#storage)) return
    this.#rows('UPDATE calls SET result = NULL WHERE result IS NOT NULL AND grant_id = ?', grant)
  }

  /** Expires rows. True: call it again at once. */
  sweep(): boolean {
    if (!hasCallTable(this.#storage)) return false
    this.#markLost()
    return sweepCalls(this.#storage.sql, this.#nowMs())
  }

  /** The calls that began after this moment, the oldest first. Rows are in the order of their last change. */
  begunSince(sinceMs: number): Made[] {
    if (!hasCallTable(this.#storage)) return []
    const rows = this.#rows(
      `SELECT grant_id, began_at_ms FROM calls WHERE began_at_ms > ? AND seq > COALESCE(
         (SELECT seq FROM calls WHERE COALESCE(ended_at_ms, began_at_ms) <= ? ORDER BY seq DESC LIMIT 1), 0)
       ORDER BY began_at_ms`,
      sinceMs,
      sinceMs,
    )
    return rows.map((row) => {
      const { grant_id: grant, began_at_ms: atMs } = Begun.parse(row)
      return { grant, atMs }
    })
  }

  nextSeconds(): number | null {
    return hasCallTable(this.#storage) ? nextSweepSeconds(this.#storage.sql) : null
  }

  /** The message of a call came twice: it begins again. */
  #reopen(call: string): void {
    this.#rows(
      `UPDATE calls SET seq = (SELECT MAX(seq) + 1 FROM calls), outcome = NULL, ended_at_ms = NULL, began_at_ms = ?
       WHERE id = ? AND outcome IS NOT NULL`,
      this.#nowMs(),
      call,
    )
  }

  #markLost(): void {
    if (markLost(this.#storage.sql, this.#nowMs())) this.#mayHaveChanged()
  }

  #rows(statement: string, ...values: (string | number | null)[]) {
    return this.#storage.sql.exec(statement, ...values).toArray()
  }
}
