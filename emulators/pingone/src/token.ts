import { base64url } from 'jose'
import { json, refuse, type Answer } from './answer.ts'
import { issueAccessToken } from './access-token.ts'
import { refuseStranger } from './client-auth.ts'
import { redeemCode } from './code.ts'
import { endFamily, startFamily } from './families.ts'
import { one, repeated, words } from './parameters.ts'
import { sha256 } from './random.ts'
import { refreshTokens } from './refresh.ts'
import { checkScopes, isOidcScope } from './scopes.ts'
import { liveSession } from './sessions.ts'
import { count } from './timeline.ts'
import { answerTokens } from './token-answer.ts'
import type { Visit } from './visit.ts'

/** POST /token */
export async function answerToken(visit: Visit): Promise<Answer> {
  const { parameters, correlationId, store } = visit
  const stranger = await refuseStranger(visit)
  if (stranger) return stranger
  const twice = repeated(parameters)
  if (twice !== undefined) return refuse('invalid_request', 'A parameter was sent twice', correlationId)
  const grantType = one(parameters, 'grant_type')
  const answer = grantTypes.get(grantType ?? '')
  if (!answer) return refuse('unsupported_grant_type', 'Unsupported grant type', correlationId)
  count(store, `grant ${grantType ?? ''}`)
  return answer(visit)
}

const grantTypes = new Map([
  ['authorization_code', answerCode],
  ['refresh_token', refreshTokens],
  ['client_credentials', answerClientCredentials],
])

async function answerCode(visit: Visit): Promise<Answer> {
  const { parameters, correlationId, store } = visit
  const [code, redirectUri] = [one(parameters, 'code'), one(parameters, 'redirect_uri')]
  const verifier = one(parameters, 'code_verifier')
  if (code === undefined || redirectUri === undefined || verifier === undefined) {
    return refuse('invalid_request', 'code, redirect_uri and code_verifier are required', correlationId)
  }
  const challenge = base64url.encode(await sha256(verifier))
  // From here to the family no wait: a code cannot be used twice, however close the two requests are.
  const redeemed = redeemCode(visit, code, redirectUri, challenge)
  if (!redeemed.ok) {
    // RFC 6749 §4.1.2 (L: whether PingOne also ends what the first use gave).
    if (redeemed.familyId !== undefined) endFamily(store, redeemed.familyId, 'code used twice')
    return refuse('invalid_grant', redeemed.because, correlationId)
  }
  const { given, nonce } = redeemed.code
  if (!liveSession(visit, given.sid)) return refuse('invalid_grant', 'The session has ended', correlationId)
  const family = startFamily(visit, given)
  store.codes.put(code, { ...redeemed.code, isUsed: true, familyId: family?.familyId })
  return answerTokens(visit, given, given.scopes, { nonce, refreshToken: family?.token })
}

/** The application for itself: a token without a user. Only the API's scopes make sense here. */
async function answerClientCredentials(visit: Visit): Promise<Answer> {
  const { parameters, correlationId, settings, switches } = visit
  const asked = words(one(parameters, 'scope'))
  const checked = checkScopes(visit, asked, one(parameters, 'resource'))
  if (!checked.ok) return refuse('invalid_scope', checked.description, correlationId)
  if (asked.some(isOidcScope)) {
    return refuse('invalid_scope', 'OpenID scopes are for users', correlationId)
  }
  const scopes = asked.length > 0 ? asked : settings.apiScopes
  const body = {
    access_token: await issueAccessToken(visit, undefined, scopes),
    token_type: 'Bearer',
    expires_in: switches.accessTokenSeconds,
    scope: [...scopes, ...switches.extraAccessScopes].join(' '),
  }
  return json(body, `a token for the application: ${scopes.join(' ')}`)
}
