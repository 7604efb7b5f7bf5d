import { z } from 'zod'
import { sha256Hex } from '#lib/hash.ts'

/** RFC 7519 §2: a NumericDate may have a fraction; rounding down expires a token up to a second early. */
const seconds = z.number().transform(Math.floor)
const text = z.string().min(1)
/** Only displayed: a tenant that maps another type to it must not lock its users out. */
const shown = z.string().optional().catch(undefined)
const audience = z.union([text, z.array(text)]).transform((aud) => (typeof aud === 'string' ? [aud] : aud))

/** The claims of PingOne's id token that this server reads; others are dropped. */
const SignedInClaims = z.object({
  iss: text,
  sub: text,
  sid: text,
  /** The id of the flow policy that ran: it proves that the consent flow did. */
  acr: text,
  /** The environment's id. */
  env: text.optional(),
  auth_time: seconds.optional(),
  at_hash: text.optional(),
  name: shown,
  given_name: shown,
  family_name: shown,
  preferred_username: shown,
  /** Of the claim that the settings name; empty if PingOne sends no such claim. */
  groups: z.array(z.string()),
})
export type IdTokenClaims = z.infer<typeof SignedInClaims>

const MOST_GROUPS = 500
/** A claim of another form gives nobody a role. */
const Groups = z
  .union([z.array(z.string()).max(MOST_GROUPS), z.string().transform((group) => [group])])
  .catch([])

/** Reads an id token with the groups in `groupsClaim` (setting OPERATOR_CLAIM); null: no claim is read. */
export const idTokenClaims = (groupsClaim: string | null) =>
  z
    .record(z.string(), z.unknown())
    .transform((claims) => ({
      ...claims,
      groups: groupsClaim === null ? [] : Groups.parse(claims[groupsClaim]),
    }))
    .pipe(SignedInClaims)

/** The claims of an id token that came with a refresh. */
export const RenewedIdTokenClaims = SignedInClaims.pick({
  iss: true,
  sub: true,
  acr: true,
  env: true,
  at_hash: true,
}).partial({ acr: true })
export type RenewedIdTokenClaims = z.infer<typeof RenewedIdTokenClaims>

/**
 * The claims of the downstream token that this server reads. `sub`, `sid` and `acr` prove that a user went through a
 * flow: a client-credentials token has none of them (invariant 6).
 */
export const AccessTokenClaims = z.object({
  iss: text,
  aud: audience,
  sub: text,
  sid: text,
  scope: z.string().transform((scope) => scope.split(' ').filter((one) => one !== '')),
  exp: seconds,
  acr: text,
  env: text.optional(),
  client_id: text.optional(),
})
export type AccessTokenClaims = z.infer<typeof AccessTokenClaims>

export interface Environments {
  /** The environment in the issuer's address; null for a custom domain. */
  ofIssuer: string | null
  /** Empty: any. */
  accepted: readonly string[]
}

/**
 * Whether a token's environment is accepted (decision 19). A token without the claim `env` belongs to the issuer's
 * environment.
 */
export function isAccepted({ ofIssuer, accepted }: Environments, claimed: string | null): boolean {
  const environment = claimed ?? ofIssuer
  return accepted.length === 0 || (environment !== null && accepted.includes(environment))
}

/**
 * Identifies a PingOne session, to compare two sign-ins. The `sid` itself is never stored, so a leaked database cannot
 * name a session at PingOne.
 */
export const sessionMark = ({ iss, sid }: Pick<IdTokenClaims, 'iss' | 'sid'>): Promise<string> =>
  sha256Hex(`pingone-session\n${iss}\n${sid}`)
