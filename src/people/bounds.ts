/**
 * How much one person's object keeps of each kind of row (docs/limits.md). What goes first, and what is refused in place
 * of one more, is said where each is used.
 */

/** Of grants that have ended, the newest stay as the record of what was. */
export const ENDED_GRANTS = 100
/** A client uses its newest access token; older ones are for requests that are under way, and for other processes of it. */
export const TOKENS_PER_GRANT = 10
/**
 * A grant ends with this many refreshes. Dropping the oldest spent tokens instead would let whoever stole one push the
 * owner's out, and reuse would no longer be seen. Hourly refreshes reach it after two years.
 */
export const REFRESHES_PER_GRANT = 20_000
/** Rows that one ending or one alarm erases; the next alarm goes on at once. */
export const ERASED_AT_ONCE = 500

export const SESSIONS_PER_GRANT = 20
export const URIS_PER_SESSION = 100
export const MOST_URI_CHARACTERS = 500
/** Sessions that wait to be told that they are over: while their objects do not answer, clients open more. */
export const MOST_CLOSING = 1000

export const STEP_UPS_PER_GRANT = 3
/** More answers than a person gives in the ten minutes that one lasts. Another one is refused: none is forgotten early. */
export const MOST_CONFIRMATIONS = 300

/** At 1,000 calls a day, what is kept for 30 days is fewer. */
export const MOST_CALLS = 50_000
export const CALLS_LAST_DAYS = 30
/** Writes whose key still holds: one of them that is forgotten could be made twice, so one more is refused. */
export const MOST_LIVE_KEYS = 10_000
/** Answers that are kept for a repeat, at most 64 KiB each. Of older ones is known that they were given. */
export const MOST_RESULTS = 500

/** What PingOne is still to be told to revoke. */
export const MOST_REVOCATIONS = 200

export const PAGES_PER_PERSON = 10
/** Sign-ins are remembered for ten minutes. One more than this is refused: none is forgotten early. */
export const MOST_SIGN_INS = 100
