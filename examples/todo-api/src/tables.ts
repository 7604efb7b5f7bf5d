// A write is a revision, and a row says from which to which revision it held. So a repeated write gets exactly
// the list that it got first, and that costs a row per change, not a copy of the list per write.
export const TABLES = `
  CREATE TABLE IF NOT EXISTS counter (only INTEGER PRIMARY KEY CHECK (only = 1), revision INTEGER NOT NULL);
  INSERT OR IGNORE INTO counter VALUES (1, 0);
  CREATE TABLE IF NOT EXISTS todos (
    created INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER,
    id TEXT NOT NULL, text TEXT NOT NULL, completed INTEGER NOT NULL,
    PRIMARY KEY (created, since)
  );
  CREATE UNIQUE INDEX IF NOT EXISTS current_todos ON todos (id) WHERE until IS NULL;
  CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, request TEXT NOT NULL, outcome TEXT NOT NULL, revision INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS answers_by_expiry ON answers (expires_at_ms);
`
