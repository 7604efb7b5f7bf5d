import { json, refuse, type Answer } from './answer.ts'
import { findAccessToken } from './bearer.ts'
import { refuseStranger } from './client-auth.ts'
import { endFamily } from './families.ts'
import { one } from './parameters.ts'
import { liveSession } from './sessions.ts'
import type { Visit } from './visit.ts'

/** POST /introspect (RFC 7662), for the application that owns the token. */
export async function introspectToken(visit: Visit): Promise<Answer> {
  const { parameters, correlationId, store, settings, nowSeconds } = visit
  const stranger = await refuseStranger(visit)
  if (stranger) return stranger
  const token = one(parameters, 'token')
  if (token === undefined) return refuse('invalid_request', 'token is required', correlationId)
  const access = await findAccessToken(visit, token)
  if (access) return json({ active: true, token_type: 'Bearer', ...access.claims }, 'an active access token')
  const refresh = store.refreshTokens.get(token)
  const family = refresh && store.families.get(refresh.familyId)
  if (!refresh || !family || family.endedBecause !== undefined) return inactive()
  if (refresh.usedAtSeconds !== undefined || refresh.expiresAtSeconds <= nowSeconds) return inactive()
  if (!liveSession(visit, family.given.sid)) return inactive()
  const scope = family.given.scopes.join(' ')
  return json({ active: true, client_id: settings.clientId, scope }, 'an active refresh token')
}

const inactive = (): Answer => json({ active: false }, 'no active token')

/** POST /revoke (RFC 7009): 200 also for what is no token of ours. A refresh token takes its family with it. */
export async function revokeToken(visit: Visit): Promise<Answer> {
  const { parameters, correlationId, store } = visit
  const stranger = await refuseStranger(visit)
  if (stranger) return stranger
  const token = one(parameters, 'token')
  if (token === undefined) return refuse('invalid_request', 'token is required', correlationId)
  const refresh = store.refreshTokens.get(token)
  const access = refresh ? undefined : await findAccessToken(visit, token)
  if (refresh) endFamily(store, refresh.familyId, 'revoked')
  if (access) store.accessTokens.delete(access.jti)
  const what = refresh ? 'a refresh token' : access ? 'an access token' : 'nothing we know'
  return { response: new Response(null, { status: 200 }), reason: `revoked ${what}` }
}
