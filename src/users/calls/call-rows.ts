import { isReadable, type UserStorage } from '../base/step.ts'

/** The version of the table, stored beside it: a Durable Object cannot read SQLite's own `user_version`. */
const VERSION_KEY = 'calls-schema'
const VERSION = 5

/**
 * One row for each tool call (decision 17), for idempotency and recovery. The row is also the audit event of the call
 * (decision 18): `event_seq` numbers it among all events of the user, and a frozen row must not change what its event says.
 * `ended_later`: the event was frozen before the call ended, so the outcome is an event of its own.
 * A table before version 5 is dropped: only unreleased code wrote one. Later versions only add columns, with ALTER TABLE.
 */
const SCHEMA = `
  DROP TABLE IF EXISTS calls;
  CREATE TABLE calls (
    event_seq INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    grant_id TEXT NOT NULL,
    client TEXT NOT NULL,
    transport TEXT NOT NULL CHECK (transport IN ('stateless', 'session')),
    tool TEXT NOT NULL,
    effect TEXT NOT NULL CHECK (effect IN ('read', 'write')),
    arguments_digest TEXT NOT NULL,
    key_hash TEXT,
    key_ends_at_ms INTEGER,
    began_at_ms INTEGER NOT NULL,
    ended_at_ms INTEGER,
    outcome TEXT CHECK (outcome IN ('done', 'refused', 'failed', 'unknown')),
    result TEXT,
    client_trace TEXT,
    facts TEXT NOT NULL,
    end_facts TEXT,
    ended_later INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX calls_open ON calls (began_at_ms) WHERE outcome IS NULL;
  CREATE INDEX calls_keyed ON calls (key_hash) WHERE key_hash IS NOT NULL;
  CREATE INDEX calls_kept ON calls (key_ends_at_ms) WHERE result IS NOT NULL;
  CREATE INDEX calls_key_ends ON calls (key_ends_at_ms) WHERE key_hash IS NOT NULL;
  CREATE INDEX calls_over ON calls (event_seq) WHERE outcome IS NOT NULL AND key_hash IS NULL;
`

/** Far beyond the deadline of a tool call: no outcome will arrive any more. */
export const LOST_AFTER_MS = 120_000
/** Rows per statement of one sweep. The next alarm continues at once. */
export const BATCH = 500

/** The statements of the table of calls. The object of a user without any grant has no table. */
export class CallRows {
  readonly #storage: UserStorage
  #exist = false

  constructor(storage: UserStorage) {
    this.#storage = storage
  }

  create(): void {
    if (this.exist) return
    this.exec(SCHEMA)
    this.#storage.kv.put(VERSION_KEY, VERSION)
  }

  get exist(): boolean {
    this.#exist ||= isReadable(this.#storage.kv.get(VERSION_KEY), VERSION)
    return this.#exist
  }

  exec(statement: string, ...values: (string | number | null)[]) {
    return this.#storage.sql.exec(statement, ...values)
  }

  select(statement: string, ...values: (string | number | null)[]) {
    return this.exec(statement, ...values).toArray()
  }
}
