-- The audit log. `body` is the JSON that was hashed; every other column of `events` is generated from it, so that no
-- column can say anything else.
CREATE TABLE events (
  chain TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  body TEXT NOT NULL CHECK (json_valid(body)),
  hash TEXT NOT NULL,
  id TEXT NOT NULL GENERATED ALWAYS AS (body ->> '$.id') VIRTUAL,
  type TEXT NOT NULL GENERATED ALWAYS AS (body ->> '$.type') VIRTUAL,
  client TEXT GENERATED ALWAYS AS (body ->> '$.client.id') VIRTUAL,
  what TEXT GENERATED ALWAYS AS (body ->> '$.what.name') VIRTUAL,
  outcome TEXT GENERATED ALWAYS AS (body ->> '$.outcome') VIRTUAL,
  reason TEXT GENERATED ALWAYS AS (body ->> '$.reason') VIRTUAL,
  transaction_id TEXT GENERATED ALWAYS AS (body ->> '$.transaction') VIRTUAL,
  session TEXT GENERATED ALWAYS AS (body ->> '$.session') VIRTUAL,
  PRIMARY KEY (chain, epoch, seq)
) STRICT;
-- Ids are UUIDv7: each index below ends with the time. A query that uses a partial index repeats its condition.
CREATE UNIQUE INDEX events_time ON events (id);
CREATE INDEX events_user ON events (chain, id);
CREATE INDEX events_client ON events (client, id) WHERE client IS NOT NULL;
CREATE INDEX events_what ON events (what, id) WHERE what IS NOT NULL;
CREATE INDEX events_transaction ON events (transaction_id) WHERE transaction_id IS NOT NULL;
CREATE INDEX events_session ON events (session, id) WHERE session IS NOT NULL;
CREATE INDEX events_refused ON events (outcome, id) WHERE outcome IS NOT NULL AND outcome <> 'done';
CREATE INDEX events_type ON events (type, id) WHERE type <> 'call';

-- The last event of each epoch of each chain.
CREATE TABLE chains (
  chain TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL,
  changed_at_ms INTEGER NOT NULL,
  PRIMARY KEY (chain, epoch)
) STRICT, WITHOUT ROWID;

-- Sessions of the session transport, counted from their events.
CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  user TEXT NOT NULL,
  grant_id TEXT,
  client TEXT,
  agent TEXT,
  network TEXT,
  app TEXT NOT NULL,
  opened_at TEXT,
  seen_at TEXT NOT NULL,
  done INTEGER NOT NULL DEFAULT 0,
  refused INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  unknown INTEGER NOT NULL DEFAULT 0,
  denied INTEGER NOT NULL DEFAULT 0,
  closed_at TEXT,
  closed_reason TEXT,
  -- The last event that is counted.
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  audited_by TEXT,
  audited_at TEXT,
  note TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user, seen_at);
CREATE INDEX sessions_seen ON sessions (seen_at);

-- Users, outside the chain: erasing deletes the row.
CREATE TABLE users (
  id TEXT PRIMARY KEY,
  name TEXT,
  name_hash TEXT,
  first_seen_ms INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX users_name ON users (name_hash) WHERE name_hash IS NOT NULL;

CREATE TABLE rejected_events (
  id TEXT PRIMARY KEY,
  chain TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  reason TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Denials of requests that belong to no user.
CREATE TABLE denials (
  hour TEXT NOT NULL,
  reason TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (hour, reason)
) STRICT, WITHOUT ROWID;

-- Signed lists. kind `head`: the last event of every chain. kind `checkpoint`: the last event that retention removed.
CREATE TABLE signed_lists (
  kind TEXT NOT NULL CHECK (kind IN ('head', 'checkpoint')),
  n INTEGER NOT NULL,
  jws TEXT NOT NULL,
  PRIMARY KEY (kind, n)
) STRICT, WITHOUT ROWID;
-- A list holds, for each chain and epoch, the row with the highest n that is not above its own: unchanged ones are not
-- repeated.
CREATE TABLE list_entries (
  kind TEXT NOT NULL,
  chain TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  n INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (kind, chain, epoch, n)
) STRICT, WITHOUT ROWID;
