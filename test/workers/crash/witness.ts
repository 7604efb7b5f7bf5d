/** Requests that reached PingOne and the Todo API. Kept outside the objects that a schedule ends. */
interface Family {
  subject: string
  refreshToken: string
  spent: Map<string, number>
  isAlive: boolean
}

export const families: Family[] = []
/** Every write that the API executed, with its idempotency key. */
export const writes: { key: string; text: string }[] = []

export const switches = {
  /** How long PingOne accepts a rotated refresh token. PingOne's default is 0. */
  graceSeconds: 60,
  accessTokenSeconds: 3600,
}

/**
 * The product's clock is ahead of the platform's, so that alarms fire only when a test runs them. Less than the ten
 * minutes of a code, more than the life of PingOne's short tokens.
 */
export const AHEAD_MS = 300_000
export const clock = { aheadMs: AHEAD_MS }
