/** What reached PingOne and the Todo API: kept outside the objects that a schedule ends. */
interface Family {
  subject: string
  refreshToken: string
  spent: Map<string, number>
  isAlive: boolean
}

export const families: Family[] = []
/** Every write that the API carried out, with the key under which it came. */
export const writes: { key: string; text: string }[] = []

export const switches = {
  /** How long a refresh token that was rotated away is taken all the same; PingOne's default is not at all. */
  graceSeconds: 60,
  accessTokenSeconds: 3600,
}

/**
 * The product's clock is ahead of the platform's, so that no alarm goes off by itself in the middle of a journey: the
 * tests run it. Less than the ten minutes of a code, more than PingOne's short tokens live.
 */
export const AHEAD_MS = 300_000
export const clock = { aheadMs: AHEAD_MS }
