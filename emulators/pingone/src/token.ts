import { base64url } from 'jose'
import type { Context } from './endpoints.ts'
import { hasDuplicate, json, oauthError, one, splitWords, type Answer } from './http.ts'
import { issueAccessToken, issueIdToken } from './issue-tokens.ts'
import { sha256 } from './random.ts'
import { checkScopes, isOidcScope } from './scopes.ts'
import { endFamily, liveSession, rotate, startFamily } from './sessions.ts'
import type { Code, Grant, RefreshFamily, RefreshToken } from './store.ts'
import { count } from './timeline.ts'

/** POST /token, after client authentication. */
export async function answerToken(context: Context): Promise<Answer> {
  const { parameters, store } = context
  if (hasDuplicate(parameters)) return oauthError(context, 'invalid_request', 'A parameter was sent twice')
  const grantType = one(parameters, 'grant_type') ?? ''
  const answer = grantTypes.get(grantType)
  if (!answer) return oauthError(context, 'unsupported_grant_type', 'Unsupported grant type')
  count(store, `grant ${grantType}`)
  return answer(context)
}

const grantTypes = new Map([
  ['authorization_code', answerCode],
  ['refresh_token', answerRefresh],
  ['client_credentials', answerClientCredentials],
])

async function answerCode(context: Context): Promise<Answer> {
  const { parameters, store } = context
  const [code, redirectUri] = [one(parameters, 'code'), one(parameters, 'redirect_uri')]
  const verifier = one(parameters, 'code_verifier')
  if (code === undefined || redirectUri === undefined || verifier === undefined) {
    return oauthError(context, 'invalid_request', 'code, redirect_uri and code_verifier are required')
  }
  const challenge = base64url.encode(await sha256(verifier))
  // No await between here and the new family: two parallel requests cannot both use the code.
  const redeemed = redeemCode(context, code, redirectUri, challenge)
  if (!redeemed.ok) {
    // RFC 6749 §4.1.2. L: whether PingOne also ends the tokens of the first use.
    if (redeemed.familyId !== undefined) endFamily(store, redeemed.familyId, 'code used twice')
    return oauthError(context, 'invalid_grant', redeemed.because)
  }
  const { given, nonce } = redeemed.code
  if (!liveSession(context, given.sid)) return oauthError(context, 'invalid_grant', 'The session has ended')
  const family = startFamily(context, given)
  store.codes.put(code, { ...redeemed.code, isUsed: true, familyId: family?.familyId })
  const refreshToken = family?.token
  return answerTokens(context, given, given.scopes, { nonce, refreshToken, isRefresh: false })
}

type RedeemResult = { ok: true; code: Code } | { ok: false; because: string; familyId?: string | undefined }

/** Marks the code as used, also when it does not match. */
function redeemCode(
  { store, nowSeconds }: Context,
  text: string,
  redirectUri: string,
  challenge: string,
): RedeemResult {
  const code = store.codes.get(text)
  if (!code || code.expiresAtSeconds <= nowSeconds)
    return { ok: false, because: 'The code is unknown or expired' }
  if (code.isUsed) return { ok: false, because: 'The code was used before', familyId: code.familyId }
  store.codes.put(text, { ...code, isUsed: true })
  if (code.redirectUri !== redirectUri)
    return { ok: false, because: 'The redirect_uri is not the one of the code' }
  if (code.codeChallenge !== challenge) return { ok: false, because: 'The code_verifier does not match' }
  return { ok: true, code }
}

/** No await before the new refresh token is stored. */
async function answerRefresh(context: Context): Promise<Answer> {
  const { parameters, store, switches } = context
  if (switches.refreshTokens === 'none') {
    return oauthError(context, 'unauthorized_client', 'The grant type is not enabled for the application')
  }
  const presented = one(parameters, 'refresh_token')
  if (presented === undefined) return oauthError(context, 'invalid_request', 'refresh_token is required')
  const token = store.refreshTokens.get(presented)
  const family = token && store.families.get(token.familyId)
  if (!token || !family) return oauthError(context, 'invalid_grant', 'The refresh token is not known')
  const because = whyInvalid(context, token, family)
  if (because !== undefined) return oauthError(context, 'invalid_grant', because)
  const { given } = family
  const requested = splitWords(one(parameters, 'scope'))
  // RFC 6749 §6: a refresh may narrow the scopes of one access token; the family keeps its own.
  if (requested.some((scope) => !given.scopes.includes(scope))) {
    return oauthError(context, 'invalid_scope', 'The scope is wider than what was granted')
  }
  const refreshToken = switches.refreshTokens === 'fixed' ? undefined : rotate(context, family, presented)
  const scopes =
    requested.length > 0 ? given.scopes.filter((scope) => requested.includes(scope)) : given.scopes
  return answerTokens(context, given, scopes, { nonce: undefined, refreshToken, isRefresh: true })
}

function whyInvalid(context: Context, token: RefreshToken, family: RefreshFamily): string | undefined {
  const { store, switches, nowSeconds } = context
  if (family.endedBecause !== undefined) return 'The refresh token was revoked'
  if (token.expiresAtSeconds <= nowSeconds) return 'The refresh token has expired'
  if (!liveSession(context, family.given.sid)) return 'The session has ended'
  // L: PingOne's answer within the grace period. Here: another new token of the same family.
  const isUsedUp =
    token.usedAtSeconds !== undefined && nowSeconds - token.usedAtSeconds >= switches.rotationGraceSeconds
  if (!isUsedUp) return undefined
  if (switches.replayProtection) endFamily(store, family.id, 'replayed')
  return 'The refresh token was used before'
}

/** A token of the application itself, without a user; only API scopes are allowed. */
async function answerClientCredentials(context: Context): Promise<Answer> {
  const { parameters, settings } = context
  const requested = splitWords(one(parameters, 'scope'))
  const checked = checkScopes(context, requested, one(parameters, 'resource'))
  if (!checked.ok) return oauthError(context, 'invalid_scope', checked.description)
  if (requested.some(isOidcScope)) return oauthError(context, 'invalid_scope', 'OpenID scopes are for users')
  const scopes = requested.length > 0 ? requested : settings.apiScopes
  const accessToken = await issueAccessToken(context, undefined, scopes)
  return json(tokenBody(context, accessToken, scopes), `a token for the application: ${scopes.join(' ')}`)
}

async function answerTokens(
  context: Context,
  given: Grant,
  scopes: readonly string[],
  {
    nonce,
    refreshToken,
    isRefresh,
  }: { nonce: string | undefined; refreshToken: string | undefined; isRefresh: boolean },
): Promise<Answer> {
  const accessToken = await issueAccessToken(context, given, scopes)
  const idToken = await issueIdToken(context, given, { nonce, accessToken, isRefresh })
  const body = {
    ...tokenBody(context, accessToken, scopes),
    ...(idToken === undefined ? {} : { id_token: idToken }),
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
  }
  return json(body, `tokens for ${given.username}: ${scopes.join(' ')}`)
}

const tokenBody = ({ switches }: Context, accessToken: string, scopes: readonly string[]) => ({
  access_token: accessToken,
  token_type: 'Bearer',
  expires_in: switches.accessTokenSeconds,
  // L: the OIDC scopes are listed here, although the token itself omits them.
  scope: [...scopes, ...switches.extraAccessScopes].join(' '),
})
