import { z } from 'zod'

/** RFC 7519 §2: a NumericDate may have a fraction. What ends within a second has ended. */
const seconds = z.number().transform(Math.floor)
const text = z.string().min(1)
/** Shown and never decided by: a tenant that maps something else there must not shut its users out. */
const shown = z.string().optional().catch(undefined)
const audience = z.union([text, z.array(text)]).transform((aud) => (typeof aud === 'string' ? [aud] : aud))

/** What we read of PingOne's id token; a claim that is not named here is dropped. */
export const IdTokenClaims = z.object({
  iss: text,
  sub: text,
  sid: text,
  /** The flow policy that ran (PingOne: `acr` is the policy's id), which proves that the consent flow did. */
  acr: text,
  /** The environment's id. */
  env: text.optional(),
  auth_time: seconds.optional(),
  at_hash: text.optional(),
  name: shown,
  given_name: shown,
  family_name: shown,
  preferred_username: shown,
})
export type IdTokenClaims = z.infer<typeof IdTokenClaims>

/** The same of an id token that came with a refresh: whose it is, and what must fit if it is there. */
export const RenewedIdTokenClaims = IdTokenClaims.pick({
  iss: true,
  sub: true,
  acr: true,
  env: true,
  at_hash: true,
}).partial({
  acr: true,
})
export type RenewedIdTokenClaims = z.infer<typeof RenewedIdTokenClaims>

/**
 * What we read of the downstream token. `sub`, `sid` and `acr` say that a user stands behind it, who went through a
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
