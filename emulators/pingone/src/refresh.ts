import { refuse, type Answer } from './answer.ts'
import { endFamily, rotate } from './families.ts'
import { one, words } from './parameters.ts'
import type { RefreshFamily, RefreshToken } from './records.ts'
import { liveSession } from './sessions.ts'
import { answerTokens } from './token-answer.ts'
import type { Visit } from './visit.ts'

/** POST /token with grant_type=refresh_token. Everything up to the new token happens without a wait. */
export async function refreshTokens(visit: Visit): Promise<Answer> {
  const { parameters, correlationId, store, switches } = visit
  if (switches.refreshTokens === 'none') {
    return refuse('unauthorized_client', 'The grant type is not enabled for the application', correlationId)
  }
  const presented = one(parameters, 'refresh_token')
  if (presented === undefined) return refuse('invalid_request', 'refresh_token is required', correlationId)
  const token = store.refreshTokens.get(presented)
  const family = token && store.families.get(token.familyId)
  if (!token || !family) return refuse('invalid_grant', 'The refresh token is not known', correlationId)
  const because = whyDead(visit, token, family)
  if (because !== undefined) return refuse('invalid_grant', because, correlationId)
  const { given } = family
  const asked = words(one(parameters, 'scope'))
  // RFC 6749 §6: fewer scopes for this one access token; never more; the family keeps what was given.
  if (asked.some((scope) => !given.scopes.includes(scope))) {
    return refuse('invalid_scope', 'The scope is wider than what was granted', correlationId)
  }
  const refreshToken = switches.refreshTokens === 'fixed' ? undefined : rotate(visit, family, presented)
  const scopes = asked.length > 0 ? given.scopes.filter((scope) => asked.includes(scope)) : given.scopes
  return answerTokens(visit, given, scopes, { nonce: undefined, refreshToken })
}

function whyDead(visit: Visit, token: RefreshToken, family: RefreshFamily): string | undefined {
  const { store, switches, nowSeconds } = visit
  if (family.endedBecause !== undefined) return 'The refresh token was revoked'
  if (token.expiresAtSeconds <= nowSeconds) return 'The refresh token has expired'
  if (!liveSession(visit, family.given.sid)) return 'The session has ended'
  // L: what PingOne gives within the grace period. Here: another new token of the same family.
  const isSpent =
    token.usedAtSeconds !== undefined && nowSeconds - token.usedAtSeconds >= switches.rotationGraceSeconds
  if (!isSpent) return undefined
  if (switches.replayProtection) endFamily(store, family.id, 'replayed')
  return 'The refresh token was used before'
}
