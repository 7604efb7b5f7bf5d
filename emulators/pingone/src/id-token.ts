import { base64url, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose'
import { findAccount } from './accounts.ts'
import type { Account, Given } from './records.ts'
import { sha256 } from './random.ts'
import { organizationId } from './settings.ts'
import { activeKey, foreignKey } from './signing-keys.ts'
import type { Visit } from './visit.ts'

const idTokenSeconds = 3600

/** Signs an ID token, with exactly the defect that the switch names. Undefined: there is none. */
export async function issueIdToken(
  visit: Visit,
  given: Given,
  nonce: string | undefined,
  accessToken: string,
): Promise<string | undefined> {
  const { switches, store } = visit
  if (switches.idToken === 'missing' || !given.scopes.includes('openid')) return undefined
  const claims = spoil(await goodClaims(visit, given, nonce, accessToken), switches.idToken)
  if (switches.idToken === 'unsigned') return new UnsecuredJWT(claims).encode()
  const { kid, key } = await activeKey(store)
  const signedBy = switches.idToken === 'foreign-key' ? await foreignKey() : key
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' }).sign(signedBy)
}

async function goodClaims(
  visit: Visit,
  given: Given,
  nonce: string | undefined,
  accessToken: string,
): Promise<JWTPayload> {
  const { settings, switches, store, nowSeconds, stampSeconds } = visit
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
    // M: OpenID Connect Core §3.1.3.6, the left half of the hash that belongs to RS256.
    at_hash: base64url.encode((await sha256(accessToken)).subarray(0, 16)),
    sid: given.sid,
    env: settings.environmentId,
    org: organizationId,
    'p1.region': 'NA',
    ...profileClaims(
      {
        ...account,
        name: switches.userName ?? account.name,
        groups: [...account.groups, ...groupNames(switches.groupCount)],
      },
      given.scopes,
    ),
  }
}

/** As long as names of groups are in a directory that has a convention for them. */
const groupNames = (count: number): string[] =>
  Array.from(
    { length: count },
    (_, at) => `department-${String(at).padStart(6, '0')}-application-readers-of-all-regions`,
  )

/** Claims about the user. PingOne puts mapped attributes into the ID token and into userinfo alike. */
export function profileClaims(account: Account, scopes: readonly string[]): Record<string, unknown> {
  const { name, username, givenName, familyName, email, groups } = account
  const profile = {
    name,
    preferred_username: username,
    ...(givenName === undefined ? {} : { given_name: givenName }),
    ...(familyName === undefined ? {} : { family_name: familyName }),
  }
  return {
    ...(scopes.includes('profile') ? profile : {}),
    ...(scopes.includes('email') ? { email } : {}),
    // L: that a mapped attribute is left out when it is empty. A missing claim is the harder case for a client.
    ...(groups.length > 0 ? { groups } : {}),
  }
}

/** A copy with one thing wrong. */
function spoil(claims: JWTPayload, defect: Visit['switches']['idToken']): JWTPayload {
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
    // These are not about claims.
    case 'good':
    case 'missing':
    case 'unsigned':
    case 'foreign-key':
  }
  return claims
}

const without = (claims: JWTPayload, name: string): JWTPayload =>
  Object.fromEntries(Object.entries(claims).filter(([claim]) => claim !== name))
