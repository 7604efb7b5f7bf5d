import type { Config } from '#config.ts'

type Offered = Pick<Config['api'], 'scopes'>

const namesOf = ({ scopes }: Offered): string[] => scopes.map(({ value }) => value)

/** The least a client can request: the required scopes; else those that only read; else all. */
const leastOf = ({ scopes }: Offered): string[] => {
  const required = scopes.filter(({ isRequired }) => isRequired)
  const reading = scopes.filter(({ writes }) => !writes)
  return namesOf({ scopes: [required, reading, scopes].find((some) => some.length > 0) ?? [] })
}

/**
 * `offline_access` is listed because clients request only what they see. It is no permission: the consent page says how
 * long the user stays signed in.
 */
export const metadataScopes = (api: Offered): string[] => [...namesOf(api), 'offline_access']

/**
 * The scopes a new client should request: in the challenge of a 401 and in the metadata of the resource. They override
 * the client's own settings, so a client that never requests again needs all of them at once.
 */
export const firstScopes = (config: Pick<Config, 'firstScopes' | 'isReadOnly' | 'api'>): string[] =>
  inForce(config.firstScopes === 'all' ? namesOf(config.api) : leastOf(config.api), config)

/**
 * Under PROFILE=read-only no scope that writes is offered, requested or honoured, whatever was granted before. Under
 * another profile a grant has it again.
 */
export const inForce = (
  scopes: readonly string[],
  { isReadOnly, api }: Pick<Config, 'isReadOnly' | 'api'>,
): string[] => {
  const writing = new Set(api.scopes.filter(({ writes }) => writes).map(({ value }) => value))
  return scopes.filter((scope) => !isReadOnly || !writing.has(scope))
}

/**
 * Narrows a request to scopes of the product: clients request everything they have seen. Required scopes and those that
 * a requested scope implies are added. An empty request is one for the least.
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

/** Invariant 5: requested ∩ approved by the user ∩ given by PingOne. Empty where a required scope is missing. */
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

/** What the user left ticked of what was requested. The page shows required scopes as fixed. */
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
