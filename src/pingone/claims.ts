import { z } from 'zod'
import { sha256Hex } from '#lib/hash.ts'

/** RFC 7519 §2: a NumericDate may have a fraction; rounding down expires a token up to a second early. */
const seconds = z.number().transform(Math.floor)
const text = z.string().min(1)
/** Only displayed: a tenant that maps another type to it must not lock its users out. */
const shown = z.string().optional().catch(undefined)

/** The claims that policy and roles read, by their names at PingOne. */
export interface NamedClaims {
  /** The claim with the user's groups (setting OPERATOR_CLAIM); null: none is read. */
  groups: string | null
  /** Further claims that policy may read (setting POLICY_CLAIMS). */
  policy: readonly string[]
}

const MOST_GROUPS = 500
const MOST_VALUES = 100
const MOST_CHARACTERS = 256

/** PingOne may send an empty attribute as null or as an empty text. */
const absent = z.union([z.undefined(), z.null(), z.literal('')]).transform((): string[] => [])
const GroupList = z.union([
  absent,
  z.array(z.string()).max(MOST_GROUPS),
  z.string().transform((group) => [group]),
])

const value = z
  .union([z.string(), z.number(), z.boolean()])
  .transform(String)
  .pipe(z.string().min(1).max(MOST_CHARACTERS))
const ValueList = z.union([absent, z.array(value).max(MOST_VALUES), value.transform((one) => [one])])

/** What an id token says in the claims that the settings name. */
export const MappedClaims = z.object({
  /** The names that were looked for, sorted. */
  names: z.array(z.string()),
  /** Whether the token has any of them, in any form. PingOne leaves out an attribute that is empty. */
  isAny: z.boolean(),
  /** Empty also where it is incomplete, which gives nobody a role. */
  groups: z.array(z.string()),
  /** Without those that are incomplete. */
  claims: z.record(z.string(), z.array(z.string())),
  /**
   * Names of claims that have another form, too many values or too long a value. What the user lacks is then unknown, so
   * policy decides nothing by the claims of such a token.
   */
  incomplete: z.array(z.string()),
})
export type MappedClaims = z.infer<typeof MappedClaims>

/** The names of all claims that are looked for, sorted. */
export const namesOf = ({ groups, policy }: NamedClaims): string[] =>
  [...new Set([...(groups === null ? [] : [groups]), ...policy])].toSorted()

function mappedIn(token: Readonly<Record<string, unknown>>, named: NamedClaims): MappedClaims {
  const names = namesOf(named)
  const given = (name: string) => (Object.hasOwn(token, name) ? token[name] : undefined)
  const groups = named.groups === null ? null : GroupList.safeParse(given(named.groups))
  const claims: MappedClaims['claims'] = {}
  const incomplete = named.groups !== null && groups?.success === false ? [named.groups] : []
  for (const name of named.policy) {
    const read = ValueList.safeParse(given(name))
    if (!read.success) incomplete.push(name)
    else if (read.data.length > 0) claims[name] = read.data
  }
  return {
    names,
    isAny: names.some((name) => given(name) !== undefined),
    groups: groups?.data ?? [],
    claims,
    incomplete: [...new Set(incomplete)].toSorted(),
  }
}

const withMapped = (named: NamedClaims) =>
  z.record(z.string(), z.unknown()).transform((token): Record<string, unknown> => {
    const mapped = mappedIn(token, named)
    return { ...token, mapped, groups: mapped.groups }
  })

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
  groups: z.array(z.string()),
  mapped: MappedClaims,
})
export type IdTokenClaims = z.infer<typeof SignedInClaims>

/** Reads the id token of a login with the claims that the settings name. */
export const idTokenClaims = (named: NamedClaims) => withMapped(named).pipe(SignedInClaims)

/** The claims of an id token that came with a refresh. */
const RenewedClaims = SignedInClaims.pick({
  iss: true,
  sub: true,
  acr: true,
  env: true,
  at_hash: true,
  mapped: true,
}).partial({ acr: true })
export type RenewedIdTokenClaims = z.infer<typeof RenewedClaims>

/** Reads the id token of a refresh with the claims that the settings name. */
export const renewedIdTokenClaims = (named: NamedClaims) => withMapped(named).pipe(RenewedClaims)

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
