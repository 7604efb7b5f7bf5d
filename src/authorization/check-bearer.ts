import { OAuthError, type OAuthResourceTokenValidation } from '@cloudflare/workers-oauth-provider'
import type { GrantKeeper } from '../people/grant-keeper.ts'
import { sha256Hex } from '../lib/sha256-hex.ts'
import type { BearerProps } from '../principal.ts'

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
  const { bearer, ended, session: state } = await keeper.bearer(grant, await sha256Hex(token), session)
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
