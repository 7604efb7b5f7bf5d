import { findAccount } from './accounts.ts'
import { json, refuseAsPlatform, type Answer } from './answer.ts'
import { findAccessToken } from './bearer.ts'
import { profileClaims } from './id-token.ts'
import type { Visit } from './visit.ts'

/**
 * GET or POST /userinfo. Works with a token for an API as long as `openid` was granted (M: a vendor sample needs
 * it). The shape and the statuses of its denials are the platform's (L).
 */
export async function showUserinfo(visit: Visit): Promise<Answer> {
  const { request, store, correlationId } = visit
  const token = /^Bearer (\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  const found = token === undefined ? undefined : await findAccessToken(visit, token)
  if (!found) return refuseAsPlatform('INVALID_TOKEN', 'The access token is not valid', correlationId, 401)
  const { given } = found.record
  const account = given && findAccount(store, given.username)
  if (!given?.scopes.includes('openid') || !account) {
    return refuseAsPlatform('ACCESS_FAILED', 'The token is not for a user with openid', correlationId, 403)
  }
  return json({ sub: account.id, ...profileClaims(account, given.scopes) }, `userinfo of ${account.username}`)
}
