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
-- The clients that ever had a grant of a user.
CREATE INDEX events_user_clients ON events (chain, client) WHERE type = 'grant.opened';

-- What failed for a client: by one member alone, most of what is looked at would not fit.
CREATE INDEX events_client_refused ON events (client, outcome, id)
  WHERE client IS NOT NULL AND outcome IS NOT NULL AND outcome <> 'done';

-- Usernames are unique at PingOne; the names that it shows are not. Encrypted, and as a keyed hash, as the names are.
ALTER TABLE users ADD COLUMN username TEXT;
ALTER TABLE users ADD COLUMN username_hash TEXT;
CREATE INDEX users_username ON users (username_hash) WHERE username_hash IS NOT NULL;

-- Ends with the time, as the other indexes do: a page of a transaction needs no sorting.
DROP INDEX events_transaction;
CREATE INDEX events_transaction ON events (transaction_id, id) WHERE transaction_id IS NOT NULL;
