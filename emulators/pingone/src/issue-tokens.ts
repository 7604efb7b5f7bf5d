import { SignJWT, base64url, UnsecuredJWT, type JWTPayload } from 'jose'
import { claimsOf, findAccount, groupsOf } from './accounts.ts'
import type { Grant, Account } from './store.ts'
import { apiScopesAmong, audienceOf } from './scopes.ts'
import { organizationId } from './settings.ts'
import { activeKey, foreignKey } from './signing-keys.ts'
import type { Context } from './endpoints.ts'
import { sha256 } from './random.ts'

/** Signs an access token for a login or, without one, for the application itself. */
export async function issueAccessToken(
  context: Context,
  given: Grant | undefined,
  scopes: readonly string[],
): Promise<string> {
  const { settings, switches, store, stampSeconds } = context
  const apiScopes = apiScopesAmong(scopes)
  // H: a token for an API lists only the API's scopes. M: without any, it is for PingOne's own API.
  const named = [...(apiScopes.length > 0 ? apiScopes : scopes), ...switches.extraAccessScopes]
  const jti = crypto.randomUUID()
  const scope = named.join(' ')
  const expires = stampSeconds + switches.accessTokenSeconds
  store.accessTokens.put(jti, {
    given,
    scope,
    expiresAtSeconds: context.nowSeconds + switches.accessTokenSeconds,
  })
  const claims = {
    client_id: settings.clientId,
    iss: switches.accessToken === 'wrong-issuer' ? `${settings.base}/other` : settings.issuer,
    jti,
    iat: stampSeconds,
    exp: expires,
    aud: [switches.accessToken === 'wrong-audience' ? 'some-other-api' : audienceOf(context, scopes)],
    scope,
    env: switches.accessToken === 'wrong-environment' ? organizationId : settings.environmentId,
    org: organizationId,
    ...(given ? userClaims(context, given) : { 'p1.rid': jti }),
  }
  const { kid, key } = await activeKey(store)
  const header = { alg: 'RS256', kid, ...(switches.typ === 'none' ? {} : { typ: switches.typ }) }
  return new SignJWT(claims).setProtectedHeader(header).sign(key)
}

/** Claims that only a user's token has. */
function userClaims(
  { switches, store, nowSeconds, stampSeconds }: Context,
  given: Grant,
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

const idTokenSeconds = 3600

/** Signs an ID token with exactly the defect that the switch names. */
export async function issueIdToken(
  context: Context,
  given: Grant,
  { nonce, accessToken, isRefresh }: { nonce: string | undefined; accessToken: string; isRefresh: boolean },
): Promise<string | undefined> {
  const { switches, store } = context
  if (switches.idToken === 'missing' || !given.scopes.includes('openid')) return undefined
  if (isRefresh && switches.refreshIdToken === 'missing') return undefined
  const isMapped = !isRefresh || switches.refreshIdToken === 'whole'
  const mapped = isMapped ? mappedClaims(context, given) : {}
  const good = { ...mapped, ...(await goodClaims(context, given, nonce, accessToken)) }
  const claims = addDefect(good, switches.idToken)
  if (switches.idToken === 'unsigned') return new UnsecuredJWT(claims).encode()
  const { kid, key } = await activeKey(store)
  const signedBy = switches.idToken === 'foreign-key' ? await foreignKey() : key
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' }).sign(signedBy)
}

async function goodClaims(
  context: Context,
  given: Grant,
  nonce: string | undefined,
  accessToken: string,
): Promise<JWTPayload> {
  const { settings, switches, store, nowSeconds, stampSeconds } = context
  const account = findAccount(store, given.username)
  if (!account) throw new Error('A session outlived its account')
  return {
    iss: settings.issuer,
    sub: account.id,
    aud: settings.clientId,
    iat: stampSeconds,
    exp: stampSeconds + idTokenSeconds,
    acr: given.policyId,
    amr: ['pwd'],
    auth_time: given.authTimeSeconds + stampSeconds - nowSeconds,
    ...(nonce === undefined ? {} : { nonce }),
    // M: OpenID Connect Core §3.1.3.6, the left half of the SHA-256.
    at_hash: base64url.encode((await sha256(accessToken)).subarray(0, 16)),
    sid: given.sid,
    env: settings.environmentId,
    org: organizationId,
    'p1.region': 'NA',
    ...profileClaims({ ...account, name: switches.userName ?? account.name }, given.scopes),
  }
}

/** What attribute mappings of the application add, as the user's attributes are now. */
const mappedClaims = ({ switches, store }: Context, { username }: Grant): Record<string, unknown> => ({
  ...claimsOf(store, username),
  ...groupsClaim([...groupsOf(store, username), ...groupNames(switches.groupCount)], switches),
})

/** The names of a user's groups, as an attribute mapping puts them into the ID token and userinfo. */
export function groupsClaim(
  groups: readonly string[],
  { groupsClaim: form }: Context['switches'],
): { groups?: readonly string[] | string } {
  // L: an empty attribute is omitted, which is the harder case for a client.
  if (groups.length === 0 || form === 'missing') return {}
  return { groups: form === 'text' ? groups.join(',') : groups }
}

/** Group names as long as those of large directories. */
const groupNames = (count: number): string[] =>
  Array.from(
    { length: count },
    (_, at) => `department-${String(at).padStart(6, '0')}-application-readers-of-all-regions`,
  )

/** Claims of the ID token and of userinfo; PingOne maps attributes into both. */
export function profileClaims(account: Account, scopes: readonly string[]): Record<string, unknown> {
  const { name, username, givenName, familyName, email } = account
  const profile = {
    name,
    preferred_username: username,
    ...(givenName === undefined ? {} : { given_name: givenName }),
    ...(familyName === undefined ? {} : { family_name: familyName }),
  }
  return {
    ...(scopes.includes('profile') ? profile : {}),
    ...(scopes.includes('email') ? { email } : {}),
  }
}

function addDefect(claims: JWTPayload, defect: Context['switches']['idToken']): JWTPayload {
  switch (defect) {
    case 'wrong-issuer':
      return { ...claims, iss: `${claims.iss ?? ''}/other` }
    case 'wrong-audience':
      return { ...claims, aud: 'some-other-client' }
    case 'wrong-nonce':
      return { ...claims, nonce: 'not-the-nonce-that-was-sent' }
    case 'no-nonce':
      return without(claims, 'nonce')
    case 'wrong-acr':
      return { ...claims, acr: 'Single_Factor' }
    case 'no-acr':
      return without(claims, 'acr')
    case 'wrong-at-hash':
      return { ...claims, at_hash: base64url.encode(new Uint8Array(16)) }
    case 'expired':
      return {
        ...claims,
        iat: (claims.iat ?? 0) - 2 * idTokenSeconds,
        exp: (claims.exp ?? 0) - 2 * idTokenSeconds,
      }
    case 'other-subject':
      return { ...claims, sub: '3d1e0a6c-5f3a-4c39-9a55-0a0d1c8affff' }
    case 'wrong-subject-type': {
      const wrong: Record<string, unknown> = { ...claims, sub: 42 }
      return wrong
    }
    // These do not change claims.
    case 'good':
    case 'missing':
    case 'unsigned':
    case 'foreign-key':
  }
  return claims
}

const without = (claims: JWTPayload, name: string): JWTPayload =>
  Object.fromEntries(Object.entries(claims).filter(([claim]) => claim !== name))
