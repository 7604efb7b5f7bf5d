import type { Config } from '#config.ts'
import { type RoleGroups, rolesOf } from '#lib/roles.ts'
import type { IdTokenClaims } from '#pingone/claims.ts'
import type { GrantRoles, SignInFacts } from '#users/grants/grant.ts'

type Offered = Pick<Config['api'], 'scopes'>

const namesOf = ({ scopes }: Offered): string[] => scopes.map(({ value }) => value)

/** The smallest request: the required scopes; without any, the scopes that only read; without any, all. */
const leastOf = ({ scopes }: Offered): string[] => {
  const required = scopes.filter(({ isRequired }) => isRequired)
  const reading = scopes.filter(({ writes }) => !writes)
  return namesOf({ scopes: [required, reading, scopes].find((some) => some.length > 0) ?? [] })
}

/**
 * Includes `offline_access`, because clients request only listed scopes. It grants nothing: the consent page says how
 * long the user stays signed in.
 */
export const metadataScopes = (api: Offered): string[] => [...namesOf(api), 'offline_access']

/**
 * The scopes that a new client should request, for the challenge of a 401 and the metadata of the resource. They
 * override the client's own settings. A client that never steps up needs FIRST_SCOPES=all.
 */
export const firstScopes = (config: Pick<Config, 'firstScopes' | 'isReadOnly' | 'api'>): string[] =>
  inForce(config.firstScopes === 'all' ? namesOf(config.api) : leastOf(config.api), config)

/**
 * PROFILE=read-only removes every scope that writes, also from grants that have it. They have it again under another
 * profile.
 */
export const inForce = (
  scopes: readonly string[],
  { isReadOnly, api }: Pick<Config, 'isReadOnly' | 'api'>,
): string[] => {
  const writing = new Set(api.scopes.filter(({ writes }) => writes).map(({ value }) => value))
  return scopes.filter((scope) => !isReadOnly || !writing.has(scope))
}

/**
 * Narrows a request to scopes of the product: clients request everything they have seen. Adds required and implied
 * scopes. An empty request becomes the smallest one.
 */
export function wantedScopes(requested: readonly string[], api: Offered): string[] {
  const wanted = new Set(
    api.scopes
      .filter(({ value, isRequired }) => isRequired || requested.includes(value))
      .map(({ value }) => value),
  )
  // `impliedBy` may chain; each pass follows one more link.
  for (let size = -1; size !== wanted.size;) {
    size = wanted.size
    for (const { value, impliedBy } of api.scopes)
      if (impliedBy.some((other) => wanted.has(other))) wanted.add(value)
  }
  return wanted.size === 0 ? leastOf(api) : namesOf(api).filter((scope) => wanted.has(scope))
}

/** Invariant 5: requested ∩ approved by the user ∩ given by PingOne. Empty if a required scope is missing. */
export function grantedScopes(
  wanted: readonly string[],
  givenByPingOne: readonly string[],
  api: Offered,
): string[] {
  const granted = api.scopes.filter(
    ({ value, upstream }) => wanted.includes(value) && givenByPingOne.includes(upstream),
  )
  const isWhole = api.scopes.every((scope) => !scope.isRequired || granted.includes(scope))
  return isWhole ? namesOf({ scopes: granted }) : []
}

/** The requested scopes that the user left ticked. The page shows required scopes as fixed. */
export const approvedScopes = (
  wanted: readonly string[],
  ticked: readonly string[],
  api: Offered,
): string[] => {
  const required = api.scopes.filter(({ isRequired }) => isRequired).map(({ value }) => value)
  return wanted.filter((scope) => required.includes(scope) || ticked.includes(scope))
}

/** PingOne's names of these scopes. */
export const upstreamScopes = (scopes: readonly string[], api: Offered): string[] =>
  scopes.flatMap((scope) => api.scopes.find(({ value }) => value === scope)?.upstream ?? [])

/**
 * Invariant 5: scopes of the server itself, as audit:read, need membership of a configured group in the id token of that
 * sign-in. null: the user has no role.
 */
export function operatorIn(
  { groups, auth_time: authenticatedAtSeconds = 0 }: Pick<IdTokenClaims, 'groups' | 'auth_time'>,
  operators: RoleGroups | null,
): GrantRoles | null {
  const given = operators === null ? [] : rolesOf(groups, operators)
  // Clients change no policies. After a rollback, a release without policy could not read a grant with this role.
  const roles = given.filter((role) => role !== 'policy-editor')
  return roles.length === 0 ? null : { roles, authenticatedAtSeconds }
}

/** What policy reads of the id token of a sign-in. */
export const signInFacts = ({
  mapped,
  acr,
  auth_time: authenticatedAtSeconds = null,
}: Pick<IdTokenClaims, 'mapped' | 'acr'> & { auth_time?: number | null | undefined }): SignInFacts => ({
  ...mapped,
  acr,
  authenticatedAtSeconds,
})
