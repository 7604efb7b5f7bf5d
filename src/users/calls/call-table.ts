import type { UserStorage } from '../base/step.ts'

/** Kept beside the table: SQLite's own `user_version` is not to be had in a Durable Object. */
const VERSION_KEY = 'calls-schema'
const VERSION = 4

/** The first version that has every column which is read here; the next added one that only new rows have, and an index. */
const READABLE = 2

const versionOf = ({ kv }: UserStorage) => Number(kv.get(VERSION_KEY) ?? 0)

/** For how many keys hold, and which one ends next. */
const KEY_INDEX =
  'CREATE INDEX IF NOT EXISTS calls_key_ends ON calls (key_ends_at_ms) WHERE key_hash IS NOT NULL'

/** Good enough to read. Only a call that begins needs the newest (makeCallTable). */
export const hasCallTable = (storage: UserStorage): boolean => versionOf(storage) >= READABLE

/**
 * The record of every tool call, one row each (decision 17): audit, idempotency and what is left after a crash read
 * the same row. It is made when a grant is opened: a User that nobody signed in to stores nothing.
 *
 * `seq` is the number of the last change of a row, so that whoever ships rows in its order gets each intent and,
 * later, its outcome. It never goes back, which is why the newest row is never deleted (call-log.ts).
 */
export function makeCallTable(storage: UserStorage): void {
  const version = versionOf(storage)
  if (version === VERSION) return
  const { sql, kv } = storage
  if (version >= READABLE) {
    if (version === READABLE) sql.exec('ALTER TABLE calls ADD COLUMN client_trace TEXT')
    sql.exec(KEY_INDEX)
    kv.put(VERSION_KEY, VERSION)
    return
  }
  const isOld =
    sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'calls'").toArray().length > 0
  if (isOld) sql.exec('ALTER TABLE calls RENAME TO calls_1')
  sql.exec(`
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
    ${KEY_INDEX};
  `)
  if (isOld) takeOverFirstRows(sql)
  kv.put(VERSION_KEY, VERSION)
}

/** Version 1 had neither keys nor effects; its tools are known by name. */
function takeOverFirstRows(sql: UserStorage['sql']): void {
  sql.exec(`
    INSERT INTO calls (seq, id, grant_id, client, transport, tool, effect, arguments_digest, began_at_ms, ended_at_ms, outcome)
      SELECT rowid, id, grant_id, client, transport, tool,
        CASE WHEN tool IN ('whoAmI', 'listTodos') THEN 'read' ELSE 'write' END,
        arguments_digest, began_at_ms, ended_at_ms, outcome
      FROM calls_1;
    DROP TABLE calls_1;
  `)
}
