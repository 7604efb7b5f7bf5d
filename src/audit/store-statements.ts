/** The SQL that takes a batch of events. Every statement is idempotent. */

/**
 * Rows come as one JSON text: [seq, hash, body] each. An event that is there already is skipped. Another event at its
 * place violates the primary key, which rolls the whole batch back.
 */
export const INSERT_EVENTS = `INSERT INTO events (chain, epoch, seq, hash, body)
  SELECT ?1, ?2, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
  FROM json_each(?3) AS given
  WHERE NOT EXISTS (SELECT 1 FROM events AS old WHERE old.chain = ?1 AND old.epoch = ?2
    AND old.seq = json_extract(value, '$[0]') AND old.hash = json_extract(value, '$[1]'))`

/** Always fails, by an error that no data causes: rolls a trial back. */
export const FAIL = 'SELECT abs(-9223372036854775807 - 1)'

/** Fails if the chain has a later epoch and not the last event of the batch: an epoch ends where the next one begins. */
export const REFUSE_OLD_EPOCH = `SELECT abs(-9223372036854775807 - 1) FROM chains
  WHERE chain = ?1 AND epoch > ?2
    AND NOT EXISTS (SELECT 1 FROM events WHERE chain = ?1 AND epoch = ?2 AND seq = ?3 AND hash = ?4) LIMIT 1`

export const INSERT_REJECTED = `INSERT INTO rejected_events (id, chain, epoch, seq, reason, body)
  SELECT json_extract(value, '$[0]'), ?1, ?2, json_extract(value, '$[1]'), json_extract(value, '$[2]'),
    json_extract(value, '$[3]')
  FROM json_each(?3) WHERE true ON CONFLICT (id) DO NOTHING`

/** Never moves back: a repeated batch may be an old one. */
export const MOVE_HEAD = `INSERT INTO chains (chain, epoch, seq, hash, changed_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)
  ON CONFLICT (chain, epoch) DO UPDATE
  SET seq = excluded.seq, hash = excluded.hash, changed_at_ms = excluded.changed_at_ms
  WHERE excluded.seq > chains.seq`

export const UPSERT_USER = `INSERT INTO users
  (id, name, name_hash, username, username_hash, first_seen_ms, last_seen_ms)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_hash = excluded.name_hash,
    username = excluded.username, username_hash = excluded.username_hash,
    last_seen_ms = max(users.last_seen_ms, excluded.last_seen_ms)`

export const DELETE_USER = 'DELETE FROM users WHERE id = ?'

export const HEAD_OF_CHAINS =
  'SELECT epoch, seq, hash FROM chains WHERE chain = ?1 ORDER BY epoch DESC LIMIT 1'

/** For a chain whose row in `chains` is gone. */
export const HEAD_OF_EVENTS =
  'SELECT epoch, seq, hash FROM events WHERE chain = ?1 ORDER BY epoch DESC, seq DESC LIMIT 1'

/** Rows come as one JSON text: [seq, hash] each. */
export const FIRST_CONFLICT = `SELECT epoch, seq, hash FROM events
  JOIN json_each(?3) AS given ON events.seq = json_extract(given.value, '$[0]')
  WHERE chain = ?1 AND epoch = ?2 AND hash <> json_extract(given.value, '$[1]') LIMIT 1`

/**
 * Counts the events from ?3 to ?4 whose number is above the last one that their session has counted. A session whose
 * first event is not here, because it did not fit its schema, begins with what its other events say. Its grant is that
 * of its last event: a newer grant may take a session over.
 */
export const COUNT_SESSIONS = `INSERT INTO sessions
  (id, user, grant_id, client, agent, network, app, opened_at, seen_at, done, refused, failed, unknown, denied,
   closed_at, closed_reason, epoch, seq)
  SELECT e.session, e.chain,
    substr(max(printf('%016d', e.seq) || (e.body ->> '$.grant')), 17),
    coalesce(max(CASE WHEN e.type = 'session.opened' THEN e.client END), max(e.client)),
    coalesce(max(CASE WHEN e.type = 'session.opened' THEN e.body ->> '$.agent' END), max(e.body ->> '$.agent')),
    coalesce(max(CASE WHEN e.type = 'session.opened' THEN e.body ->> '$.network' END),
      max(e.body ->> '$.network')),
    max(e.body ->> '$.app'),
    max(CASE WHEN e.type = 'session.opened' THEN e.body ->> '$.at' END),
    coalesce(max(CASE WHEN e.type <> 'session.closed' THEN e.body ->> '$.at' END), max(s.seen_at),
      max(e.body ->> '$.at')),
    sum(e.type IN ('call', 'call.ended') AND e.outcome = 'done'),
    sum(e.type IN ('call', 'call.ended') AND e.outcome = 'refused'),
    sum(e.type IN ('call', 'call.ended') AND e.outcome = 'failed'),
    sum(e.type IN ('call', 'call.ended') AND e.outcome = 'unknown'),
    sum(CASE WHEN e.type = 'call.denied' THEN e.body ->> '$.count' ELSE 0 END),
    max(CASE WHEN e.type = 'session.closed' THEN e.body ->> '$.at' END),
    max(CASE WHEN e.type = 'session.closed' THEN e.reason END),
    max(e.epoch), max(e.seq)
  FROM events AS e LEFT JOIN sessions AS s ON s.id = e.session
  WHERE e.chain = ?1 AND e.epoch = ?2 AND e.seq BETWEEN ?3 AND ?4 AND e.session IS NOT NULL
    AND (s.id IS NULL OR (e.epoch, e.seq) > (s.epoch, s.seq))
  GROUP BY e.session
  ON CONFLICT (id) DO UPDATE SET
    grant_id = coalesce(excluded.grant_id, sessions.grant_id),
    client = coalesce(sessions.client, excluded.client),
    agent = coalesce(sessions.agent, excluded.agent),
    network = coalesce(sessions.network, excluded.network),
    opened_at = coalesce(sessions.opened_at, excluded.opened_at),
    seen_at = max(sessions.seen_at, excluded.seen_at),
    done = sessions.done + excluded.done,
    refused = sessions.refused + excluded.refused,
    failed = sessions.failed + excluded.failed,
    unknown = sessions.unknown + excluded.unknown,
    denied = sessions.denied + excluded.denied,
    closed_at = coalesce(excluded.closed_at, sessions.closed_at),
    closed_reason = coalesce(excluded.closed_reason, sessions.closed_reason),
    epoch = excluded.epoch,
    seq = excluded.seq`

/** D1's limit for one bound value is 2,000,000 bytes. */
const MOST_CHUNK_BYTES = 1_900_000
/** A body inside a JSON text has up to twice its bytes. */
export const MOST_BODY_BYTES = 900_000

const encoder = new TextEncoder()
export const bytesOf = (text: string): number => encoder.encode(text).length

/** JSON arrays of these rows, each within the limit of a bound value. */
export function jsonChunks(rows: readonly unknown[]): readonly string[] {
  const chunks: string[][] = []
  let bytes = MOST_CHUNK_BYTES
  for (const row of rows) {
    const text = JSON.stringify(row)
    const more = bytesOf(text) + 1
    if (bytes + more > MOST_CHUNK_BYTES) {
      chunks.push([])
      bytes = 2
    }
    chunks.at(-1)?.push(text)
    bytes += more
  }
  return chunks.map((texts) => `[${texts.join(',')}]`)
}
