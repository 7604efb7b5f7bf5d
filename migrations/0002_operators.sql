-- Clients whose access an operator ended or blocked. A grant that was opened before the time is over, also where the walk
-- through the users' objects did not find it.
CREATE TABLE client_cutoffs (
  client TEXT PRIMARY KEY,
  ended_before_ms INTEGER NOT NULL,
  is_blocked INTEGER NOT NULL CHECK (is_blocked IN (0, 1)),
  act TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The users who ever had a grant of a client: one row for each login.
CREATE INDEX events_client_users ON events (client, chain) WHERE type = 'grant.opened';
