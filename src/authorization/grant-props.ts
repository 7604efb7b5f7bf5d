import { z } from 'zod'
import type { Config } from '#config.ts'
import { LEAST_SECONDS } from '#users/grants/grant.ts'

/** The props that the library stores with a grant: times only. Everything else is in the user's object. */
export const GrantProps = z.strictObject({
  openedAtSeconds: z.number().int(),
  /** Set only if PingOne gave no refresh token: the grant ends with its one downstream token. */
  downstreamEndsAtSeconds: z.number().int().nullable().default(null),
})
export type GrantProps = z.infer<typeof GrantProps>

/**
 * The seconds that a grant may stay unused from now on. The library extends a grant with each use, but the consent page
 * promised an end (GRANT_MAX_DAYS). Never below the library's minimum: for a grant that is over, the user's object
 * discards the library's answer.
 */
export function lifeLeftSeconds(
  { grantIdleSeconds, grantMaxSeconds }: Pick<Config['life'], 'grantIdleSeconds' | 'grantMaxSeconds'>,
  { openedAtSeconds, downstreamEndsAtSeconds }: GrantProps,
  nowSeconds: number,
): number {
  const endsAtSeconds = Math.min(openedAtSeconds + grantMaxSeconds, downstreamEndsAtSeconds ?? Infinity)
  return Math.max(LEAST_SECONDS, Math.min(grantIdleSeconds, endsAtSeconds - nowSeconds))
}
