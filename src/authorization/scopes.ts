import type { Config } from '#config.ts'

/**
 * What a client may ask for, each with the sentence that a user reads. `offline_access` is listed in our metadata,
 * because clients ask only for what they see, and is no permission: the page says how long one stays signed in.
 */
export const READ = 'todo:read'
export const WRITE = 'todo:write'

export const offeredScopes = [
  { value: READ, sentence: 'See your todos and your name' },
  { value: WRITE, sentence: 'Add, change and delete your todos' },
] as const

export const metadataScopes = [READ, WRITE, 'offline_access']

/**
 * The scopes that a new client should request: in the challenge of a 401 and in the metadata of the resource. They
 * override the client's own settings, so a client that never asks again needs all of them at once.
 */
export const firstScopes = (config: Pick<Config, 'firstScopes' | 'isReadOnly'>): string[] =>
  inForce(config.firstScopes === 'all' ? [READ, WRITE] : [READ], config)

/**
 * Under PROFILE=read-only nothing is offered, asked or heeded but reading, whatever was granted before: what a grant
 * lost by that it has again when the profile is another one.
 */
export const inForce = (scopes: readonly string[], { isReadOnly }: { isReadOnly: boolean }): string[] =>
  scopes.filter((scope) => !isReadOnly || scope !== WRITE)

/**
 * What a request comes down to: known scopes only (clients ask for everything they have seen: narrowed, not refused),
 * nothing asked means reading, and writing never comes without reading.
 */
export function wantedScopes(requested: readonly string[]): string[] {
  return requested.includes(WRITE) ? [READ, WRITE] : [READ]
}

/** Invariant 5: requested ∩ approved by the user ∩ given by PingOne. Reading is the least that a grant can be. */
export function grantedScopes(
  wanted: readonly string[],
  givenByPingOne: readonly string[],
  names: { scopeRead: string; scopeWrite: string },
): string[] {
  const isGiven = {
    read: givenByPingOne.includes(names.scopeRead),
    write: givenByPingOne.includes(names.scopeWrite),
  }
  if (!isGiven.read || !wanted.includes(READ)) return []
  return isGiven.write && wanted.includes(WRITE) ? [READ, WRITE] : [READ]
}

/** What the user left ticked, of what was asked. Reading is fixed on the page, so it is not a choice here. */
export const approvedScopes = (wanted: readonly string[], ticked: readonly string[]): string[] =>
  wanted.filter((scope) => scope === READ || ticked.includes(scope))

/** Ours in PingOne's words: tenants name the API's scopes differently. */
export const upstreamScopes = (
  scopes: readonly string[],
  names: { scopeRead: string; scopeWrite: string },
): string[] => scopes.map((scope) => (scope === WRITE ? names.scopeWrite : names.scopeRead))
