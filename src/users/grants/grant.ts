import { z } from 'zod'
import type { Config } from '#config.ts'
import type { EventClient } from '#events/event.ts'
import { roles } from '#lib/roles.ts'
import type { MappedClaims } from '#pingone/claims.ts'
import type { RecordRow } from '#oauth-store/record-row.ts'
import type { UserNames } from '../audit/directory-names.ts'

/** Why a grant ended. Stored with it, sent to the client and shown to the user. */
export const EndReason = z.enum([
  'revoked_by_client',
  'code_reused',
  'code_not_redeemed',
  'refresh_reused',
  'pingone_ended',
  'downstream_expired',
  'idle',
  'too_old',
  'refreshed_too_often',
  'cap',
  'key_retired',
  'claims_too_old',
  'ended_by_user',
  'ended_by_operator',
  'blocked',
])
export type EndReason = z.infer<typeof EndReason>

/** The settings under which a grant was opened. Its tokens are for this tenant alone (decision 19, tenant.ts). */
export const Tenant = z.object({
  issuer: z.string(),
  clientId: z.string(),
  audience: z.string(),
  /** The environment id from PingOne's tokens or the issuer's address. */
  environment: z.string().nullable(),
})
export type Tenant = z.infer<typeof Tenant>

/** A client as the consent page showed it. The name is cleaned and bounded; the domain is that of its metadata document. */
export const ShownClient = z.object({
  name: z.string(),
  domain: z.string().nullable(),
  redirectUri: z.string(),
})
export type ShownClient = z.infer<typeof ShownClient>

// RFC 8252 §7.3: a native client may use any loopback port.
const LOOPBACK_PORT = /^(http:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])):\d{1,5}(?=[/?]|$)/
const placeOf = ({ redirectUri }: ShownClient): string => redirectUri.replace(LOOPBACK_PORT, '$1')

/** Whether both look the same to a user, whatever their registrations. It proves no identity (decision 16). */
export const isSameClient = (one: ShownClient, other: ShownClient): boolean =>
  one.name === other.name && one.domain === other.domain && placeOf(one) === placeOf(other)

/** The operator roles of a grant's user, as PingOne's id token gave them at the last sign-in for the grant. */
export const GrantRoles = z.object({
  roles: z.array(z.enum(roles)),
  authenticatedAtSeconds: z.number().int(),
})
export type GrantRoles = z.infer<typeof GrantRoles>

/** A grant's row. PingOne's tokens are only in `encrypted` (base/encryption.ts); the rest is safe in clear text. */
export const Grant = z.object({
  id: z.string(),
  client: z.string(),
  /** Cleaned and bounded; null if PingOne gives no name. */
  userName: z.string().nullable(),
  /** Operators find the user by it. */
  preferredUsername: z.string().nullable().default(null),
  openedAtSeconds: z.number().int(),
  /** The client as the user saw it when they allowed it. */
  shown: ShownClient.nullable().default(null),
  /** The session at PingOne that it came from (pingone/claims.ts). */
  pingOneSession: z.string().nullable().default(null),
  /** PingOne's scopes that the user granted. A refresh requests exactly these. */
  downstreamScopes: z.array(z.string()),
  tenant: Tenant,
  encrypted: z.string(),
  downstreamEndsAtSeconds: z.number().int(),
  /** Whether PingOne gave a refresh token. Without one the grant ends with PingOne's access token. */
  isRenewable: z.boolean().default(true),
  /** When a token was last replaced because the API refused it. */
  replacedAtSeconds: z.number().int().nullable().default(null),
  /** Written at most once an hour: enough for "last used" and for eviction. */
  usedAtSeconds: z.number().int(),
  /** Null: the user had no role. */
  operator: GrantRoles.nullable().default(null),
  /** `act`: the act of an operator that ended it. */
  ended: z.object({ reason: EndReason, atSeconds: z.number().int(), act: z.string().optional() }).nullable(),
})
export type Grant = z.infer<typeof Grant>

/** PingOne's tokens before encryption. Only the User and the current call hold them. */
export const DownstreamTokens = z.object({ access: z.string(), refresh: z.string().nullable() })
export type DownstreamTokens = z.infer<typeof DownstreamTokens>

/** The client of a grant in an audit event. */
export const eventClient = ({ client, shown }: Pick<Grant, 'client' | 'shown'>): EventClient => ({
  id: client,
  ...(shown === null ? {} : { givenName: shown.name }),
  ...(shown === null || shown.domain === null ? {} : { domain: shown.domain }),
})

/** A grant that `/callback` opens. Plain values: it crosses RPC. */
export interface NewGrant extends UserNames {
  id: string
  /** The library's record of the grant, with its authorization code. */
  record: RecordRow
  client: string
  shown: ShownClient
  pingOneSession: string
  downstreamScopes: string[]
  accessToken: string
  refreshToken: string | null
  downstreamEndsAtSeconds: number
  /** The environment id in PingOne's tokens, if they have one. */
  environment: string | null
  /** Absent or null: the user has no role. */
  operator?: GrantRoles | null
  /** What policy reads of the id token. Absent: unknown, so it is renewed first. */
  signIn?: SignInFacts
  /** The login that it came from, for the audit log. */
  login?: LoginFacts
}

/** What policy reads of the id token of a sign-in. */
export interface SignInFacts extends MappedClaims {
  /** The flow policy that ran. */
  acr: string
  /** When the user proved who they are; null: PingOne does not say. */
  authenticatedAtSeconds: number | null
}

/** A login that policy refused. Plain values: it crosses RPC. */
export interface RefusedLogin extends Pick<NewGrant, 'client' | 'shown'> {
  /** The rule or the switch; null: no rule that lets users connect names this one. */
  rule: string | null
  login: Pick<LoginFacts, 'transaction' | 'network' | 'agent'>
}

/** A login, as the audit log keeps it. Times are in milliseconds since 1970. */
export interface LoginFacts {
  transaction: string
  startedAtMs: number
  consentedAtMs: number
  completedAtMs: number
  /** The scopes that the client requested, and those that the user approved. */
  requested: string[]
  approved: string[]
  granted: string[]
  network: string
  agent: string
  acr?: string
  /** PingOne's id of the token request. */
  correlation?: string
  /** Shadow rules about the connection that would have denied. Absent: none. */
  wouldDeny?: string[]
}

/** The library issues no token for less than a minute. With less time left, a grant is over. */
export const LEAST_SECONDS = 60

type Life = Pick<Config['life'], 'grantMaxSeconds'>

const ExpiringRecord = z.looseObject({ expiresAt: z.number().optional() })

/** The absolute end of a grant: our maximum life, or the end of PingOne's token if it cannot be refreshed. */
function limitOf(grant: Grant, { grantMaxSeconds }: Life): { atSeconds: number; reason: EndReason } {
  const tooOld = grant.openedAtSeconds + grantMaxSeconds
  const { downstreamEndsAtSeconds, isRenewable } = grant
  return isRenewable || downstreamEndsAtSeconds > tooOld
    ? { atSeconds: tooOld, reason: 'too_old' }
    : { atSeconds: downstreamEndsAtSeconds, reason: 'downstream_expired' }
}

/** When a grant ends at the latest: it ends sooner if nobody uses it, or someone ends it. */
export const grantEndsAtSeconds = (grant: Grant, life: Life): number => limitOf(grant, life).atSeconds

/** Why a grant's record expired: it reached its absolute end, or it was not used. */
export function expiryReason(grant: Grant, life: Life, nowSeconds: number): EndReason {
  const { atSeconds, reason } = limitOf(grant, life)
  return atSeconds - nowSeconds < LEAST_SECONDS ? reason : 'idle'
}

/**
 * The library's record for a token request. The library rejects an expired grant before it authenticates the client.
 * Without an expiry in the record it authenticates the client first; then we end the grant and give the reason.
 */
export function recordInTime(
  grant: Grant,
  record: string | null,
  life: Life,
  nowSeconds: number,
): { grant: string | null; over: EndReason | null } {
  if (record === null) return { grant: null, over: null }
  const { expiresAt = Infinity, ...endless } = ExpiringRecord.parse(JSON.parse(record))
  const { atSeconds, reason } = limitOf(grant, life)
  const over =
    atSeconds - nowSeconds < LEAST_SECONDS ? reason : expiresAt - nowSeconds < LEAST_SECONDS ? 'idle' : null
  return over === null ? { grant: record, over } : { grant: JSON.stringify(endless), over }
}
