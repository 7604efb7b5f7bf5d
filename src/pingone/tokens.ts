import type * as oauth from 'oauth4webapi'
import { ok, type Result } from '#lib/result.ts'
import type { AccessTokenClaims } from './claims.ts'
import type { Connection } from './connection.ts'
import type { PingOneProblem } from './problems.ts'

/** PingOne's tokens for one grant. Plain strings: they cross RPC into the User, which encrypts them at once. */
export interface DownstreamTokens {
  accessToken: string
  refreshToken: string | null
  claims: AccessTokenClaims
}

export async function readTokens(
  { checks }: Connection,
  server: oauth.AuthorizationServer,
  body: oauth.TokenEndpointResponse,
): Promise<Result<DownstreamTokens, PingOneProblem>> {
  const claims = await checks.accessToken(server, body.access_token)
  if (!claims.ok) return claims
  return ok({
    accessToken: body.access_token,
    refreshToken: body.refresh_token ?? null,
    claims: claims.value,
  })
}
