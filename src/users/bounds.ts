/**
 * The maximum number of rows of each kind in one user's object (docs/limits.md). The code that uses a bound says what is
 * evicted or rejected at that number.
 */

/** The newest ended grants are kept as history. */
export const ENDED_GRANTS = 100
/** A client uses its newest access token. Older ones serve requests under way and other processes of the client. */
export const TOKENS_PER_GRANT = 10
/**
 * A grant ends after this many refreshes. Evicting the oldest spent tokens instead would let a thief refresh until the
 * owner's token is evicted, and its reuse would go undetected. Hourly refreshes reach it after two years.
 */
export const REFRESHES_PER_GRANT = 20_000

export const SESSIONS_PER_GRANT = 20
export const URIS_PER_SESSION = 100
export const MOST_URI_CHARACTERS = 500
/** Ended sessions whose objects have not confirmed it yet. */
export const MOST_CLOSING = 1000

export const STEP_UPS_PER_GRANT = 3
/** More answers than a user gives in ten minutes, the life of one. Further ones are rejected; none is evicted early. */
export const MOST_CONFIRMATIONS = 300

/**
 * How long a call stays that has ended, has no idempotency key and is in the audit log. One that is not there yet always stays,
 * and MOST_WAITING bounds those.
 */
export const CALLS_LAST_MINUTES = 5
/** Writes whose key is still valid. Further ones are rejected, because an evicted key could run a write twice. */
export const MOST_LIVE_KEYS = 10_000
/** Results stored for a retry, at most 64 KiB each. Older calls keep only the fact that they were answered. */
export const MOST_RESULTS = 500

/** Tokens that PingOne has yet to revoke. */
export const MOST_REVOCATIONS = 200

/** Events that the receiver of webhooks has not accepted yet. Further ones are not sent; D1 has them. */
export const MOST_WEBHOOKS = 200

export const PAGES_PER_USER = 10
/** Used sign-ins are stored for ten minutes. Further ones are rejected; none is evicted early. */
export const MOST_SIGN_INS = 100

/** An operator uses one sign-in; another may run on another machine. The oldest is evicted. */
export const OPERATOR_SESSIONS = 5
/** Acts of an operator whose retries are recognised. The oldest is evicted. */
export const MOST_ACTS = 100

/** Audit events that D1 does not have yet: calls and other events of ordinary use. What happens then: audit/outbox.ts. */
export const MOST_WAITING = 20_000
/** As many more that are denials, questions and security events. Which events are stored beyond it: audit/outbox.ts. */
export const MOST_RESERVED = 2000

/** The settings that bound a user's object too. */
interface BoundSettings {
  grantsPerUser: number
  requestsPerMinute: number
}

/**
 * The most rows of each kind: of keys by their beginning, and of tables. A kind of row that is missing here has no bound, and the
 * simulated year fails (test/workers/records/a-year.test.ts).
 */
export function mostRows({ grantsPerUser: grants, requestsPerMinute: requests }: BoundSettings) {
  const keys: Readonly<Record<string, number>> = {
    'grant:': grants + ENDED_GRANTS,
    'claims:': grants,
    'record:grant:': grants,
    'record:token:': grants * TOKENS_PER_GRANT,
    // Those of the last minute, and the last one of each grant until a token of its pair is used.
    'spent:': grants * (requests + 1),
    'old:': grants * REFRESHES_PER_GRANT,
    'refreshes:': grants,
    'newest:': grants,
    'erasing:': ENDED_GRANTS,
    'session:': grants * SESSIONS_PER_GRANT,
    'subscribed:': grants * SESSIONS_PER_GRANT,
    'closing-session:': MOST_CLOSING + grants * SESSIONS_PER_GRANT,
    'step-up:': grants * STEP_UPS_PER_GRANT,
    'confirmation:': MOST_CONFIRMATIONS,
    'revoke:': MOST_REVOCATIONS,
    'webhook:': MOST_WEBHOOKS,
    'page:': PAGES_PER_USER,
    'sign-in:': MOST_SIGN_INS,
    'operator:': OPERATOR_SESSIONS,
    'act:': MOST_ACTS,
    ...Object.fromEntries(SINGLE_ROWS.map((key) => [key, 1])),
  }
  const recent = CALLS_LAST_MINUTES * requests * grants
  const tables: Readonly<Record<string, number>> = {
    calls: MOST_WAITING + MOST_LIVE_KEYS + recent,
    // What the outbox always stores is not in this number (audit/outbox.ts).
    outbox: MOST_WAITING + MOST_RESERVED,
  }
  return { keys, tables }
}

/** One row each: state of the object, versions of its tables, times and keys. */
const SINGLE_ROWS = [
  'blocked',
  'operator-name',
  'operator-username',
  'wake',
  'wake-ship',
  'calls-schema',
  'outbox-schema',
  'audit-chain',
  'audit-frozen',
  'audit-key',
  'audit-directory',
  'audit-forgetting',
  'audit-pause',
] as const
