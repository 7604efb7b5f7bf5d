import { z } from 'zod'
import type { Config } from '#config.ts'
import type { EndReason } from './end-reason.ts'
import type { Grant } from './grant.ts'

/** The library gives no token for less than a minute. With less left than that, a grant is over. */
export const LEAST_SECONDS = 60

type Life = Pick<Config['life'], 'grantMaxSeconds'>

const GrantRecord = z.looseObject({ expiresAt: z.number().optional() })

/** What ends this grant however much it is used: our own longest life, or PingOne's token where no other follows it. */
function limitOf(grant: Grant, { grantMaxSeconds }: Life): { atSeconds: number; reason: EndReason } {
  const tooOld = grant.openedAtSeconds + grantMaxSeconds
  const { downstreamEndsAtSeconds, isRenewable } = grant
  return isRenewable || downstreamEndsAtSeconds > tooOld
    ? { atSeconds: tooOld, reason: 'too_old' }
    : { atSeconds: downstreamEndsAtSeconds, reason: 'downstream_expired' }
}

/** The reason of a grant whose record ran out: nobody refreshed it, or there was nothing left to refresh it for. */
export function whyRanOut(grant: Grant, life: Life, nowSeconds: number): EndReason {
  const { atSeconds, reason } = limitOf(grant, life)
  return atSeconds - nowSeconds < LEAST_SECONDS ? reason : 'idle'
}

/**
 * The library's record as a token request is to see it. Of a grant that is over the library would say "expired" or
 * "invalid request" before it has looked at the client. Without its end in the record it authenticates the client
 * first; then we can end the grant and say why.
 */
export function inTime(
  grant: Grant,
  record: string | null,
  life: Life,
  nowSeconds: number,
): { grant: string | null; over: EndReason | null } {
  if (record === null) return { grant: null, over: null }
  const { expiresAt = Infinity, ...endless } = GrantRecord.parse(JSON.parse(record))
  const { atSeconds, reason } = limitOf(grant, life)
  const over =
    atSeconds - nowSeconds < LEAST_SECONDS ? reason : expiresAt - nowSeconds < LEAST_SECONDS ? 'idle' : null
  return over === null ? { grant: record, over } : { grant: JSON.stringify(endless), over }
}
