import { z } from 'zod'
import { EndReason } from './end-reason.ts'
import type { Row } from './row.ts'

/**
 * What a Person keeps of one grant. The tokens of PingOne are in `sealed` alone (people/seal.ts); everything else
 * is safe in clear. `tenant` says under which settings the grant was given (decision 19).
 */
export const Grant = z.object({
  id: z.string(),
  client: z.string(),
  /** Cleaned and bounded when the grant was given; null when PingOne names nobody. */
  personName: z.string().nullable(),
  openedAtSeconds: z.number().int(),
  /** PingOne's scopes that the person gave; a refresh asks for these and no others. */
  downstreamScopes: z.array(z.string()),
  tenant: z.object({ issuer: z.string(), clientId: z.string(), audience: z.string() }),
  sealed: z.string(),
  downstreamEndsAtSeconds: z.number().int(),
  /** When PingOne last replaced a token because the API refused it: not to be asked again and again. */
  replacedAtSeconds: z.number().int().nullable().default(null),
  /** Written at most once an hour: enough for "last used", and for which one goes when there are too many. */
  usedAtSeconds: z.number().int(),
  ended: z.object({ reason: EndReason, atSeconds: z.number().int() }).nullable(),
})
export type Grant = z.infer<typeof Grant>

/** What is sealed: nothing outside the Person and the call that needs it ever holds these. */
export const SealedTokens = z.object({ access: z.string(), refresh: z.string().nullable() })
export type SealedTokens = z.infer<typeof SealedTokens>

/** What `/callback` hands over when a person has allowed a client. Plain values: it crosses RPC. */
export interface NewGrant {
  id: string
  /** The library's record of it, with the code that is about to leave. */
  record: Row
  client: string
  personName: string | null
  downstreamScopes: string[]
  accessToken: string
  refreshToken: string | null
  downstreamEndsAtSeconds: number
}
