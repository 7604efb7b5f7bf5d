import { z } from 'zod'
import { EndReason } from './end-reason.ts'
import type { Row } from '../base/row.ts'

/** Under which settings a grant was given (decision 19): a token of it is for this tenant alone (users/grants/tenant.ts). */
export const Tenant = z.object({
  issuer: z.string(),
  clientId: z.string(),
  audience: z.string(),
  /** The environment id, where PingOne's tokens or the issuer's address told it. */
  environment: z.string().nullable().default(null),
})
export type Tenant = z.infer<typeof Tenant>

/** A client as our consent page showed it: the name cleaned and bounded, the domain of its document if it has one. */
export const ShownClient = z.object({
  name: z.string(),
  domain: z.string().nullable(),
  redirectUri: z.string(),
})
export type ShownClient = z.infer<typeof ShownClient>

// RFC 8252 §7.3: a client on the user's machine takes a port as it comes.
const LOOPBACK_PORT = /^(http:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])):\d{1,5}(?=[/?]|$)/
const placeOf = ({ redirectUri }: ShownClient): string => redirectUri.replace(LOOPBACK_PORT, '$1')

/** Whether the user was shown the same client twice, whatever it was registered as. It proves nothing (decision 16). */
export const isSameClient = (one: ShownClient, other: ShownClient): boolean =>
  one.name === other.name && one.domain === other.domain && placeOf(one) === placeOf(other)

/**
 * What a User keeps of one grant. The tokens of PingOne are in `encrypted` alone (users/base/encryption.ts); everything else
 * is safe in clear.
 */
export const Grant = z.object({
  id: z.string(),
  client: z.string(),
  /** Cleaned and bounded when the grant was given; null when PingOne names nobody. */
  userName: z.string().nullable(),
  openedAtSeconds: z.number().int(),
  /** What the user was shown of the client when they allowed it; null of a grant from before this was kept. */
  shown: ShownClient.nullable().default(null),
  /** Which session at PingOne it came from (pingone/session-mark.ts); null of a grant from before this was kept. */
  pingOneSession: z.string().nullable().default(null),
  /** PingOne's scopes that the user gave; a refresh asks for these and no others. */
  downstreamScopes: z.array(z.string()),
  tenant: Tenant,
  encrypted: z.string(),
  downstreamEndsAtSeconds: z.number().int(),
  /** Whether PingOne gave a refresh token. Without one, nothing of this grant outlives PingOne's access token. */
  isRenewable: z.boolean().default(true),
  /** When PingOne last replaced a token because the API refused it: not to be asked again and again. */
  replacedAtSeconds: z.number().int().nullable().default(null),
  /** Written at most once an hour: enough for "last used", and for which one goes when there are too many. */
  usedAtSeconds: z.number().int(),
  ended: z.object({ reason: EndReason, atSeconds: z.number().int() }).nullable(),
})
export type Grant = z.infer<typeof Grant>

/** What is encrypted: nothing outside the User and the call that needs it ever holds these. */
export const EncryptedTokens = z.object({ access: z.string(), refresh: z.string().nullable() })
export type EncryptedTokens = z.infer<typeof EncryptedTokens>

/** What `/callback` hands over when a user has allowed a client. Plain values: it crosses RPC. */
export interface NewGrant {
  id: string
  /** The library's record of it, with the code that is about to leave. */
  record: Row
  client: string
  shown: ShownClient
  userName: string | null
  pingOneSession: string
  downstreamScopes: string[]
  accessToken: string
  refreshToken: string | null
  downstreamEndsAtSeconds: number
  /** The environment that PingOne's tokens name; null where they name none. */
  environment: string | null
}
