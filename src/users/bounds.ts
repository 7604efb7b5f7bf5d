/**
 * How much one user's object keeps of each kind of row (docs/limits.md). What goes first, and what is refused in place
 * of one more, is said where each is used.
 */

/** The newest ended grants are kept as history. */
export const ENDED_GRANTS = 100
/** A client uses its newest access token; older ones are for requests that are under way, and for other processes of it. */
export const TOKENS_PER_GRANT = 10
/**
 * A grant ends after this many refreshes. Dropping the oldest spent tokens instead would let a thief refresh until the
 * owner's token is forgotten, and its reuse would no longer be detected. Hourly refreshes reach it after two years.
 */
export const REFRESHES_PER_GRANT = 20_000
/** Rows that one ending or one alarm erases; the next alarm continues at once. */
export const ERASED_AT_ONCE = 500

export const SESSIONS_PER_GRANT = 20
export const URIS_PER_SESSION = 100
export const MOST_URI_CHARACTERS = 500
/** Ended sessions whose objects have not confirmed it yet: clients open more meanwhile. */
export const MOST_CLOSING = 1000

export const STEP_UPS_PER_GRANT = 3
/** More answers than a user gives in ten minutes, the life of one. Further ones are refused; none is forgotten early. */
export const MOST_CONFIRMATIONS = 300

/** 1,000 calls a day for 30 days stay below it. */
export const MOST_CALLS = 50_000
export const CALLS_LAST_DAYS = 30
/** Writes whose key is still valid. Further ones are refused, because a forgotten key could run a write twice. */
export const MOST_LIVE_KEYS = 10_000
/** Answers kept for a retry, at most 64 KiB each. Of older ones only the fact is kept. */
export const MOST_RESULTS = 500

/** Tokens that PingOne has yet to revoke. */
export const MOST_REVOCATIONS = 200

export const PAGES_PER_USER = 10
/** Sign-ins are remembered for ten minutes. One more than this is refused: none is forgotten early. */
export const MOST_SIGN_INS = 100
