import { SignJWT } from 'jose'
import { findAccount } from './accounts.ts'
import type { Given } from './records.ts'
import { apiScopesAmong, audienceOf } from './scopes.ts'
import { organizationId } from './settings.ts'
import { activeKey } from './signing-keys.ts'
import type { Visit } from './visit.ts'

/** Signs an access token, for a user's gift or, with no gift, for the application itself. */
export async function issueAccessToken(
  visit: Visit,
  given: Given | undefined,
  scopes: readonly string[],
): Promise<string> {
  const { settings, switches, store, stampSeconds } = visit
  const apiScopes = apiScopesAmong(scopes)
  // H: a token for an API names only the API's scopes. M: without any, it is for PingOne's own API.
  const named = [...(apiScopes.length > 0 ? apiScopes : scopes), ...switches.extraAccessScopes]
  const jti = crypto.randomUUID()
  const scope = named.join(' ')
  const expires = stampSeconds + switches.accessTokenSeconds
  store.accessTokens.put(jti, {
    given,
    scope,
    expiresAtSeconds: visit.nowSeconds + switches.accessTokenSeconds,
  })
  const claims = {
    client_id: settings.clientId,
    iss: switches.accessToken === 'wrong-issuer' ? `${settings.base}/other` : settings.issuer,
    jti,
    iat: stampSeconds,
    exp: expires,
    aud: [switches.accessToken === 'wrong-audience' ? 'some-other-api' : audienceOf(visit, scopes)],
    scope,
    env: switches.accessToken === 'wrong-environment' ? organizationId : settings.environmentId,
    org: organizationId,
    ...(given ? userClaims(visit, given) : { 'p1.rid': jti }),
  }
  const { kid, key } = await activeKey(store)
  const header = { alg: 'RS256', kid, ...(switches.typ === 'none' ? {} : { typ: switches.typ }) }
  return new SignJWT(claims).setProtectedHeader(header).sign(key)
}

/** What only a token of a user has; without these claims it is the application's own. */
function userClaims(
  { switches, store, nowSeconds, stampSeconds }: Visit,
  given: Given,
): Record<string, unknown> {
  const id = findAccount(store, given.username)?.id
  return {
    sub: id,
    ...(switches.accessToken === 'no-sid' ? {} : { sid: given.sid }),
    auth_time: given.authTimeSeconds + stampSeconds - nowSeconds,
    acr: switches.accessToken === 'wrong-acr' ? 'Single_Factor' : given.policyId,
    'p1.userId': id,
  }
}
