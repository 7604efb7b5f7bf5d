import { z } from 'zod'
import { MOST_LIVE_KEYS, MOST_RESULTS } from '../bounds.ts'
import { BATCH, type CallRows } from './call-rows.ts'
import { type CallIntent, CallOutcome } from './calls.ts'

/** How long a client's idempotency key stays valid. */
export const KEYS_LAST_MS = 24 * 3_600_000

const EarlierRow = z.object({
  id: z.string(),
  grant_id: z.string(),
  arguments_digest: z.string(),
  outcome: CallOutcome.nullable(),
  result: z.string().nullable(),
})
const GrantRow = z.object({ grant_id: z.string() })

/** What a lookup needs of an intent. `digests`: of its arguments, under each root key (call-service.ts). */
export interface KeyedIntent extends Pick<CallIntent, 'key' | 'transaction'> {
  digests: readonly [string, ...string[]]
}

/** The earlier call with the same key, and what it means for a new one. */
export interface EarlierCall {
  verdict: 'repeat' | 'running' | 'unknown' | 'mismatch'
  call: string
  grant: string
  encrypted: string | null
}

/** The idempotency keys of clients, and the results that are stored for their retries. Synchronous. */
export class CallKeys {
  readonly #rows: CallRows
  readonly #nowMs: () => number

  constructor(rows: CallRows, nowMs: () => number) {
    this.#rows = rows
    this.#nowMs = nowMs
  }

  /** The earlier call that blocks this intent. A call that certainly changed nothing does not block. */
  earlier({ key, digests, transaction }: KeyedIntent): EarlierCall | null {
    if (key === null || !this.#rows.exist) return null
    const [row] = this.#rows
      .select(
        `SELECT id, grant_id, arguments_digest, outcome, result FROM calls
         WHERE key_hash = ? AND (key_ends_at_ms > ? OR outcome IS NULL) ORDER BY event_seq DESC LIMIT 1`,
        key.hash,
        this.#nowMs(),
      )
      .map((found) => EarlierRow.parse(found))
    if (row === undefined || row.id === transaction) return null
    const found = { call: row.id, grant: row.grant_id, encrypted: row.result }
    if (!digests.includes(row.arguments_digest)) return { ...found, verdict: 'mismatch' }
    if (row.outcome === null) return { ...found, verdict: 'running' }
    if (row.outcome === 'done') return { ...found, verdict: 'repeat' }
    return row.outcome === 'unknown' ? { ...found, verdict: 'unknown' } : null
  }

  /** Whether another key would be one too many. */
  get isFull(): boolean {
    const [row] = this.#rows.select(
      'SELECT COUNT(*) AS live FROM calls WHERE key_hash IS NOT NULL AND key_ends_at_ms > ?',
      this.#nowMs(),
    )
    return Number(row?.['live'] ?? 0) >= MOST_LIVE_KEYS
  }

  /** The grant of a running call with a key: its result is stored. null for other calls. */
  keepsResultFor(call: string): string | null {
    if (!this.#rows.exist) return null
    const [row] = this.#rows.select(
      'SELECT grant_id FROM calls WHERE id = ? AND key_hash IS NOT NULL AND outcome IS NULL',
      call,
    )
    return row === undefined ? null : GrantRow.parse(row).grant_id
  }

  dropOldResults(): void {
    const old =
      'SELECT event_seq FROM calls WHERE result IS NOT NULL ORDER BY key_ends_at_ms DESC LIMIT ? OFFSET ?'
    this.#rows.exec(`UPDATE calls SET result = NULL WHERE event_seq IN (${old})`, BATCH, MOST_RESULTS)
  }

  /** Drops the stored results of an ended grant. The rows stay. */
  dropResults(grant: string): void {
    if (!this.#rows.exist) return
    this.#rows.exec('UPDATE calls SET result = NULL WHERE result IS NOT NULL AND grant_id = ?', grant)
  }

  /** Drops keys that are over, with their results. True: there may be more of them. */
  expire(): boolean {
    const { rowsWritten } = this.#rows.exec(
      `UPDATE calls SET result = NULL, key_hash = NULL, key_ends_at_ms = NULL WHERE event_seq IN (
         SELECT event_seq FROM calls WHERE key_hash IS NOT NULL AND key_ends_at_ms <= ? AND outcome IS NOT NULL
         ORDER BY key_ends_at_ms LIMIT ?)`,
      this.#nowMs(),
      BATCH,
    )
    return rowsWritten >= BATCH
  }
}
