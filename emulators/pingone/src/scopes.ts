import type { Visit } from './visit.ts'

const oidcScopes = ['openid', 'profile', 'email', 'address', 'phone']
/** Scopes of PingOne's own API, which every application has. */
const platformScopes = ['p1:read:user', 'p1:update:user']
const secondResourceScopes = ['reports:read']

export type Checked = { ok: true; scopes: readonly string[] } | { ok: false; description: string }

/** The words PingOne uses; the rest of the message is not known for certain. */
const severalResources = 'May not request scopes for multiple resources'

export const isOidcScope = (scope: string): boolean =>
  oidcScopes.includes(scope) || scope === 'offline_access'

/** The scopes of the API among these: what consent is about and what an access token names. */
export const apiScopesAmong = (scopes: readonly string[]): string[] =>
  scopes.filter((scope) => !isOidcScope(scope))

/**
 * Which scopes a request gets to ask for. A resource is chosen by its scopes and there can be only one; no
 * scope at all means every scope that the application has been granted (M: two users with tenants saw it).
 */
export function checkScopes(visit: Visit, asked: readonly string[], resource: string | undefined): Checked {
  const { settings, switches } = visit
  const granted = [...oidcScopes, ...settings.apiScopes]
  if (switches.offlineAccess) granted.push('offline_access')
  if (switches.secondResource) granted.push(...secondResourceScopes)
  const scopes = asked.length > 0 ? asked : granted
  const unknown = scopes.find((scope) => !granted.includes(scope) && !platformScopes.includes(scope))
  // M: an unknown scope is refused, not dropped.
  if (unknown !== undefined)
    return { ok: false, description: 'One or more scopes are not granted to the application' }
  const resources = new Set(apiScopesAmong(scopes).map((scope) => audienceOf(visit, [scope])))
  // L: one tenant's owner saw this with `resource`; PingOne does not document the parameter.
  if (switches.strictResource && resource !== undefined) resources.add('resource').add('parameter')
  return resources.size > 1 ? { ok: false, description: severalResources } : { ok: true, scopes }
}

/** The audience of an access token: of the resource that owns the scopes, else PingOne's own API. */
export function audienceOf(visit: Visit, scopes: readonly string[]): string {
  if (scopes.some((scope) => visit.settings.apiScopes.includes(scope))) return visit.settings.apiIdentifier
  return scopes.some((scope) => secondResourceScopes.includes(scope))
    ? 'reports-api'
    : 'https://api.pingone.com'
}
