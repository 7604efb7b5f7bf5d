import { findAccount, groupsOf } from './accounts.ts'
import type { Context } from './endpoints.ts'
import { json, oauthError, one, platformError, type Answer } from './http.ts'
import { groupsClaim, profileClaims } from './issue-tokens.ts'
import { endFamily, liveSession } from './sessions.ts'
import { verifyOwnToken } from './signing-keys.ts'
import type { AccessToken } from './store.ts'

/** Finds an access token that was issued here and is neither revoked nor expired. */
async function findAccessToken(
  { store, stampSeconds }: Context,
  token: string,
): Promise<{ jti: string; record: AccessToken; claims: Record<string, unknown> } | undefined> {
  const claims = await verifyOwnToken(store, token, { currentDate: new Date(stampSeconds * 1000) })
  const jti = claims?.jti
  const record = jti === undefined ? undefined : store.accessTokens.get(jti)
  return claims && record && jti !== undefined ? { jti, record, claims } : undefined
}

/** POST /introspect (RFC 7662). */
export async function introspectToken(context: Context): Promise<Answer> {
  const { parameters, store, settings, nowSeconds } = context
  const token = one(parameters, 'token')
  if (token === undefined) return oauthError(context, 'invalid_request', 'token is required')
  const access = await findAccessToken(context, token)
  if (access) return json({ active: true, token_type: 'Bearer', ...access.claims }, 'an active access token')
  const refresh = store.refreshTokens.get(token)
  const family = refresh && store.families.get(refresh.familyId)
  if (!refresh || !family || family.endedBecause !== undefined) return inactive()
  if (refresh.usedAtSeconds !== undefined || refresh.expiresAtSeconds <= nowSeconds) return inactive()
  if (!liveSession(context, family.given.sid)) return inactive()
  const scope = family.given.scopes.join(' ')
  return json({ active: true, client_id: settings.clientId, scope }, 'an active refresh token')
}

const inactive = (): Answer => json({ active: false }, 'no active token')

/** POST /revoke (RFC 7009): 200 for unknown tokens too. A refresh token takes its family with it. */
export async function revokeToken(context: Context): Promise<Answer> {
  const { parameters, store } = context
  const token = one(parameters, 'token')
  if (token === undefined) return oauthError(context, 'invalid_request', 'token is required')
  const refresh = store.refreshTokens.get(token)
  const access = refresh ? undefined : await findAccessToken(context, token)
  if (refresh) endFamily(store, refresh.familyId, 'revoked')
  if (access) store.accessTokens.delete(access.jti)
  const what = refresh ? 'a refresh token' : access ? 'an access token' : 'nothing we know'
  return { response: new Response(null, { status: 200 }), reason: `revoked ${what}` }
}

/**
 * GET or POST /userinfo. M: accepts a token for an API if `openid` was granted; a vendor sample depends on it.
 * L: the errors have the format and statuses of PingOne's platform APIs.
 */
export async function showUserinfo(context: Context): Promise<Answer> {
  const { request, store, switches } = context
  const token = /^Bearer (\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  const found = token === undefined ? undefined : await findAccessToken(context, token)
  if (!found) return platformError(context, 'INVALID_TOKEN', 'The access token is not valid', 401)
  const { given } = found.record
  const account = given && findAccount(store, given.username)
  if (!given?.scopes.includes('openid') || !account) {
    return platformError(context, 'ACCESS_FAILED', 'The token is not for a user with openid', 403)
  }
  const claims = {
    ...profileClaims(account, given.scopes),
    ...groupsClaim(groupsOf(store, account.username), switches),
  }
  return json({ sub: account.id, ...claims }, `userinfo of ${account.username}`)
}
