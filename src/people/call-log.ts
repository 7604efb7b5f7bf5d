import type { CallIntent, CallOutcome } from './calls.ts'

/**
 * The intent and the outcome of every tool call, one row each (decision 17). The table is made when a
 * grant is opened: a Person that nobody signed in to stores nothing.
 */
export function makeCallTable(sql: SqlStorage): void {
  sql.exec(`CREATE TABLE IF NOT EXISTS calls (
    id TEXT PRIMARY KEY,
    grant_id TEXT NOT NULL,
    client TEXT NOT NULL,
    lane TEXT NOT NULL,
    tool TEXT NOT NULL,
    arguments_digest TEXT NOT NULL,
    began_at_ms INTEGER NOT NULL,
    outcome TEXT,
    ended_at_ms INTEGER
  ) STRICT`)
}

/** Our transaction id names the call, so that an intent sent twice is one row. */
export function recordIntent(sql: SqlStorage, intent: CallIntent, nowMs: number): void {
  sql.exec(
    `INSERT OR IGNORE INTO calls (id, grant_id, client, lane, tool, arguments_digest, began_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    intent.transaction,
    intent.grant,
    intent.client,
    intent.lane,
    intent.tool,
    intent.argumentsDigest,
    nowMs,
  )
}

/** The first outcome stands: what is known about an effect does not change by being told again. */
export function recordOutcome(sql: SqlStorage, call: string, outcome: CallOutcome, nowMs: number): void {
  sql.exec(
    'UPDATE calls SET outcome = ?, ended_at_ms = ? WHERE id = ? AND outcome IS NULL',
    outcome,
    nowMs,
    call,
  )
}
