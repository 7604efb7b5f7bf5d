import { z } from 'zod'
import { log } from '#lib/log.ts'
import type { CallOutcome } from './calls.ts'
import type { UserStorage } from '../base/step.ts'
import { CALLS_LAST_DAYS, MOST_CALLS, MOST_LIVE_KEYS, MOST_RESULTS } from '../bounds.ts'

type Sql = UserStorage['sql']

/** Far beyond the deadline of a tool call: whoever began it will not tell its outcome any more. */
export const LOST_AFTER_MS = 120_000

const DAY_MS = 24 * 3_600_000
/**
 * A row stays 30 days after its last change. Nothing ships rows elsewhere yet; what does will have to keep those that
 * it has not shipped, however old. The newest stays in any case, because it holds the highest `seq`.
 */
export const ROWS_LAST_MS = CALLS_LAST_DAYS * DAY_MS
/** One sweep goes no further; the rest has its turn at the next alarm, at once. */
export const MOST_AT_ONCE = 500

const Open = z.object({ id: z.string(), tool: z.string() })

/**
 * The first outcome stands: what is known about an effect does not change by being told again. True: a write that was
 * done has ended here, or one of which nobody knows.
 */
export function endCall(
  sql: Sql,
  call: string,
  outcome: CallOutcome,
  nowMs: number,
  encrypted: string | null,
): boolean {
  // Two plain statements: SQLite's RETURNING goes by way of a temporary trigger, made anew in each object's connection.
  const open = sql.exec('SELECT effect FROM calls WHERE id = ? AND outcome IS NULL', call).toArray()
  if (open[0] === undefined) return false
  sql.exec(
    `UPDATE calls SET seq = (SELECT MAX(seq) + 1 FROM calls), outcome = ?, ended_at_ms = ?, result = ?
     WHERE id = ? AND outcome IS NULL`,
    outcome,
    nowMs,
    encrypted,
    call,
  )
  return open[0]['effect'] === 'write' && (outcome === 'done' || outcome === 'unknown')
}

/** Invariant 8: an intent whose outcome nobody told, as after a crash, gets "unknown". True as in `endCall`. */
export function markLost(sql: Sql, nowMs: number): boolean {
  const lost = sql.exec(
    'SELECT id, tool FROM calls WHERE outcome IS NULL AND began_at_ms <= ? ORDER BY began_at_ms LIMIT ?',
    nowMs - LOST_AFTER_MS,
    MOST_AT_ONCE,
  )
  let mayHaveChanged = false
  for (const row of lost.toArray()) {
    const { id, tool } = Open.parse(row)
    if (endCall(sql, id, 'unknown', nowMs, null)) mayHaveChanged = true
    log.warn('call.lost', { call: id, tool })
  }
  return mayHaveChanged
}

/** True: call it again at once. */
export function sweepCalls(sql: Sql, nowMs: number): boolean {
  // An expired key and its answer are useless.
  const keys = sql.exec(
    `UPDATE calls SET result = NULL, key_hash = NULL, key_ends_at_ms = NULL WHERE seq IN (
       SELECT seq FROM calls WHERE key_hash IS NOT NULL AND key_ends_at_ms <= ? AND outcome IS NOT NULL
       ORDER BY key_ends_at_ms LIMIT ?)`,
    nowMs,
    MOST_AT_ONCE,
  )
  // Rows are in the order of their last change: the search ends at the first one that is young.
  const old = sql.exec(
    `DELETE FROM calls WHERE seq IN (
       SELECT seq FROM calls WHERE seq < COALESCE(
         (SELECT seq FROM calls WHERE COALESCE(ended_at_ms, began_at_ms) >= ? ORDER BY seq LIMIT 1),
         (SELECT MAX(seq) FROM calls))
       ORDER BY seq LIMIT ?)`,
    nowMs - ROWS_LAST_MS,
    MOST_AT_ONCE,
  )
  // Running calls and valid keys stay: each has its own bound.
  const tooMany = sql.exec(
    `DELETE FROM calls WHERE seq IN (
       SELECT seq FROM calls WHERE seq <= (SELECT seq FROM calls ORDER BY seq DESC LIMIT 1 OFFSET ?)
         AND outcome IS NOT NULL AND key_hash IS NULL
       ORDER BY seq LIMIT ?)`,
    MOST_CALLS,
    MOST_AT_ONCE,
  )
  return [keys, old, tooMany].some(({ rowsWritten }) => rowsWritten >= MOST_AT_ONCE)
}

export function hasTooManyKeys(sql: Sql, nowMs: number): boolean {
  const [row] = sql
    .exec('SELECT COUNT(*) AS live FROM calls WHERE key_hash IS NOT NULL AND key_ends_at_ms > ?', nowMs)
    .toArray()
  return Number(row?.['live'] ?? 0) >= MOST_LIVE_KEYS
}

/** Keys end in the order in which they began, but for those of a session, which last a minute. */
export function dropOldResults(sql: Sql): void {
  sql.exec(
    `UPDATE calls SET result = NULL WHERE seq IN (
       SELECT seq FROM calls WHERE result IS NOT NULL ORDER BY key_ends_at_ms DESC LIMIT ? OFFSET ?)`,
    MOST_AT_ONCE,
    MOST_RESULTS,
  )
}

/** When there is something to sweep again. */
export function nextSweepSeconds(sql: Sql): number | null {
  const [row = {}] = sql
    .exec(
      `SELECT (SELECT MIN(began_at_ms) + ? FROM calls WHERE outcome IS NULL) AS lost,
         (SELECT MIN(key_ends_at_ms) FROM calls WHERE key_hash IS NOT NULL AND outcome IS NOT NULL) AS kept,
         (SELECT COALESCE(ended_at_ms, began_at_ms) + ? FROM calls
          WHERE seq < (SELECT MAX(seq) FROM calls) ORDER BY seq LIMIT 1) AS old`,
      LOST_AFTER_MS,
      // A day late, so that one alarm takes the rows of a day.
      ROWS_LAST_MS + DAY_MS,
    )
    .toArray()
  const times = Object.values(row).filter((time) => typeof time === 'number')
  return times.length === 0 ? null : Math.ceil(Math.min(...times) / 1000)
}
