import type { Policy } from '#policy/policy.ts'
import type { PolicyUser } from '#policy/question.ts'
import type { DownstreamService } from '../tokens/downstream-service.ts'
import type { Grant } from './grant.ts'
import type { UserClaims } from './user-claims.ts'

/**
 * `unavailable`: the claims are too old or incomplete and PingOne does not renew them now, which is HTTP 503 and never a denial.
 * `ended`: they cannot be renewed at all, so the grant has ended and the client signs in again.
 */
export type PolicyUserAnswer = { user: PolicyUser; authAgeSeconds: number } | 'unavailable' | 'ended'

/** Who the user of a grant is for policy. Renews claims that are incomplete, or older than the policy accepts. */
export type PolicyUserOf = (
  grant: Grant,
  policy: Pick<Policy, 'readsClaims' | 'claimsMaxAgeSeconds'>,
) => Promise<PolicyUserAnswer>

interface PolicyUserDeps {
  nowSeconds: () => number
  /** The name of this object. */
  userName: string
  claims: UserClaims
  downstream: Pick<DownstreamService, 'renewClaims'>
}

const NONE = { groups: [], claims: {} } as const

export const makePolicyUserOf =
  ({ nowSeconds, userName, claims, downstream }: PolicyUserDeps): PolicyUserOf =>
  async (grant, { readsClaims, claimsMaxAgeSeconds }) => {
    let stored = claims.read(grant.id)
    if (readsClaims && claims.isToRenew(stored, claimsMaxAgeSeconds)) {
      const renewed = await downstream.renewClaims(grant, claimsMaxAgeSeconds)
      if (renewed !== 'renewed') return renewed
      stored = claims.read(grant.id)
    }
    // The grant ended while its claims were renewed.
    if (readsClaims && stored === null) return 'ended'
    const known = readsClaims && stored !== null ? await claims.open(grant.id, stored) : NONE
    if (known === null) return 'unavailable'
    // A sign-in of an unknown time counts as one of long ago, as for operators.
    const authAgeSeconds = Math.max(0, nowSeconds() - (stored?.authenticatedAtSeconds ?? 0))
    return { user: { id: userName, ...known, acr: stored?.acr ?? '' }, authAgeSeconds }
  }
