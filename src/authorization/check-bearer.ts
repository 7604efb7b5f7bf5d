import { OAuthError, type OAuthResourceTokenValidation } from '@cloudflare/workers-oauth-provider'
import type { BearerAnswer, GrantKeeper } from '../people/grant-keeper.ts'
import { sha256Hex } from '../lib/sha256-hex.ts'
import type { BearerProps } from '../principal.ts'
import { reportOutage, RETRY_AFTER_SECONDS } from './or-unavailable.ts'

/**
 * Whether an access token is alive, whom it stands for, and whether its session is open: one hop to the Person, which
 * is as strongly consistent as it gets. What ended a moment ago is refused now (invariant 3).
 */
export async function checkBearer(
  keeper: GrantKeeper,
  token: string,
  session: string | null,
): Promise<OAuthResourceTokenValidation<BearerProps> | null> {
  const [userId = '', grant = ''] = token.split(':')
  const { bearer, ended, session: state } = await ask(keeper, grant, await sha256Hex(token), session)
  if (bearer === null) {
    if (ended === null) return null
    throw new OAuthError('invalid_token', { description: `This access has ended: ${ended}`, statusCode: 401 })
  }
  const { audience, client, scopes, expiresAtSeconds } = bearer
  return {
    props: { session: state },
    audience,
    expiresAt: expiresAtSeconds,
    scope: scopes,
    userId,
    clientId: client,
  }
}

/** The library would answer 503 by itself, but without saying when to come again. */
async function ask(
  keeper: GrantKeeper,
  ...question: Parameters<GrantKeeper['bearer']>
): Promise<BearerAnswer> {
  try {
    return await keeper.bearer(...question)
  } catch (error) {
    reportOutage('bearer', error)
    throw new OAuthError('temporarily_unavailable', {
      description: 'Nothing was done. Try again.',
      statusCode: 503,
      headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) },
    })
  }
}
