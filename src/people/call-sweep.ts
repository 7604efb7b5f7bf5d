import { z } from 'zod'
import { log } from '../lib/log.ts'
import type { CallOutcome } from './calls.ts'
import type { PersonStorage } from './step.ts'

type Sql = PersonStorage['sql']

/** Far beyond the deadline of a tool call: whoever began it will not tell its outcome any more. */
export const LOST_AFTER_MS = 120_000

const DAY_MS = 24 * 3_600_000
/**
 * A row stays 30 days after its last change. Nothing ships rows elsewhere yet; what does will have to keep those that
 * it has not shipped, however old. The newest stays in any case, because it holds the highest `seq`.
 */
export const ROWS_LAST_MS = 30 * DAY_MS
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
  sealed: string | null,
): boolean {
  // Two plain statements: SQLite's RETURNING goes by way of a temporary trigger, made anew in each object's connection.
  const open = sql.exec('SELECT effect FROM calls WHERE id = ? AND outcome IS NULL', call).toArray()
  if (open[0] === undefined) return false
  sql.exec(
    `UPDATE calls SET seq = (SELECT MAX(seq) + 1 FROM calls), outcome = ?, ended_at_ms = ?, result = ?
     WHERE id = ? AND outcome IS NULL`,
    outcome,
    nowMs,
    sealed,
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

export function sweepCalls(sql: Sql, nowMs: number): void {
  sql.exec('UPDATE calls SET result = NULL WHERE result IS NOT NULL AND key_ends_at_ms <= ?', nowMs)
  // Rows are in the order of their last change: the search ends at the first one that is young.
  sql.exec(
    `DELETE FROM calls WHERE seq IN (
       SELECT seq FROM calls WHERE seq < COALESCE(
         (SELECT seq FROM calls WHERE COALESCE(ended_at_ms, began_at_ms) >= ? ORDER BY seq LIMIT 1),
         (SELECT MAX(seq) FROM calls))
       ORDER BY seq LIMIT ?)`,
    nowMs - ROWS_LAST_MS,
    MOST_AT_ONCE,
  )
}

/** When there is something to sweep again. */
export function nextSweepSeconds(sql: Sql): number | null {
  const [row = {}] = sql
    .exec(
      `SELECT (SELECT MIN(began_at_ms) + ? FROM calls WHERE outcome IS NULL) AS lost,
         (SELECT MIN(key_ends_at_ms) FROM calls WHERE result IS NOT NULL) AS kept,
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
