import type { Config } from '#config.ts'
import { LEAST_SECONDS } from '#users/grants/grant.ts'

/** When a grant began, and when PingOne's token of it ends if it is the only one that there will be. */
export interface GrantTimes {
  openedAtSeconds: number
  downstreamEndsAtSeconds: number | null
}

/**
 * How long a grant may go unused from now on. The library lets a grant live as long as it is used; our consent page
 * promised an end (GRANT_MAX_DAYS), and nothing of it is good for longer than PingOne's last token. Never less than the
 * library can count: what is over is the User's to say (users/grants/grant-life.ts), and then nothing of this is taken.
 */
export function lifeLeftSeconds(
  { grantIdleSeconds, grantMaxSeconds }: Pick<Config['life'], 'grantIdleSeconds' | 'grantMaxSeconds'>,
  { openedAtSeconds, downstreamEndsAtSeconds }: GrantTimes,
  nowSeconds: number,
): number {
  const endsAtSeconds = Math.min(openedAtSeconds + grantMaxSeconds, downstreamEndsAtSeconds ?? Infinity)
  return Math.max(LEAST_SECONDS, Math.min(grantIdleSeconds, endsAtSeconds - nowSeconds))
}
