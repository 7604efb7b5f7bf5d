import type { Context } from './endpoints.ts'

const oidcScopes = ['openid', 'profile', 'email', 'address', 'phone']
/** Scopes of PingOne's own API; every application has them. */
const platformScopes = ['p1:read:user', 'p1:update:user']
const secondResourceScopes = ['reports:read']

type ScopeCheck = { ok: true; scopes: readonly string[] } | { ok: false; description: string }

/** PingOne's words; the rest of its message is uncertain. */
const severalResources = 'May not request scopes for multiple resources'

export const isOidcScope = (scope: string): boolean =>
  oidcScopes.includes(scope) || scope === 'offline_access'

/** The API scopes among these. Consent and access tokens are about them. */
export const apiScopesAmong = (scopes: readonly string[]): string[] =>
  scopes.filter((scope) => !isOidcScope(scope))

/**
 * Checks the requested scopes; their resource must be the same. M: a request without scopes gets every scope
 * that the application has.
 */
export function checkScopes(
  context: Context,
  asked: readonly string[],
  resource: string | undefined,
): ScopeCheck {
  const { settings, switches } = context
  const granted = [...oidcScopes, ...settings.apiScopes]
  if (switches.offlineAccess) granted.push('offline_access')
  if (switches.secondResource) granted.push(...secondResourceScopes)
  const scopes = asked.length > 0 ? asked : granted
  const unknown = scopes.find((scope) => !granted.includes(scope) && !platformScopes.includes(scope))
  // M: an unknown scope is an error; it is not dropped.
  if (unknown !== undefined)
    return { ok: false, description: 'One or more scopes are not granted to the application' }
  const resources = new Set(apiScopesAmong(scopes).map((scope) => audienceOf(context, [scope])))
  // L: one user saw this for `resource`; PingOne does not document the parameter.
  if (switches.strictResource && resource !== undefined) resources.add('resource').add('parameter')
  return resources.size > 1 ? { ok: false, description: severalResources } : { ok: true, scopes }
}

/** The audience is the resource that owns the scopes; default: PingOne's own API. */
export function audienceOf(context: Context, scopes: readonly string[]): string {
  if (scopes.some((scope) => context.settings.apiScopes.includes(scope)))
    return context.settings.apiIdentifier
  return scopes.some((scope) => secondResourceScopes.includes(scope))
    ? 'reports-api'
    : 'https://api.pingone.com'
}
