import * as oauth from 'oauth4webapi'
import { err, ok, type Result } from '#lib/result.ts'
import { traceHeaders } from '#lib/trace.ts'
import type { RenewedIdTokenClaims } from './claims.ts'
import type { Connection } from './connection.ts'
import { judgeStatus, problemOf, type PingOneProblem } from './problems.ts'
import { refreshTokenIn, type RefreshProblem } from './rotated.ts'
import { type DownstreamTokens, readTokens } from './tokens.ts'
import { send } from './wire.ts'

/** What a refresh brings: also whom its id token names, where it has one. */
export interface RenewedTokens extends DownstreamTokens {
  idToken: RenewedIdTokenClaims | null
}

/** Redeems a refresh token. The caller stores what comes back before anything else uses it. */
export const makeRefresh =
  (connection: Connection) =>
  async (
    refreshToken: string,
    scopes: readonly string[],
    /** Of the call that needs it. */
    transaction: string,
  ): Promise<Result<RenewedTokens, RefreshProblem>> => {
    const { client, authentication, options, resource } = connection
    const server = await connection.discover()
    if (!server.ok) return err({ ...server.error, rotated: null })
    const scope = ['openid', ...scopes].join(' ')
    const sent = await send(() =>
      oauth.refreshTokenGrantRequest(server.value, client, authentication, refreshToken, {
        ...options,
        headers: traceHeaders(transaction),
        additionalParameters: { scope, ...resource },
      }),
    )
    if (!sent.ok) return err({ ...sent.error, rotated: null })
    const bad = judgeStatus(sent.value)
    if (bad !== null) return err({ ...bad.error, rotated: null })
    const copy = sent.value.clone()
    const tokens = await readAnswer(connection, server.value, sent.value)
    if (!tokens.ok) return err({ ...tokens.error, rotated: await refreshTokenIn(copy) })
    // RFC 6749 §6: no new refresh token in the answer means that the old one goes on.
    return ok({ ...tokens.value, refreshToken: tokens.value.refreshToken ?? refreshToken })
  }

async function readAnswer(
  connection: Connection,
  server: oauth.AuthorizationServer,
  answer: Response,
): Promise<Result<RenewedTokens, PingOneProblem>> {
  try {
    const body = await oauth.processRefreshTokenResponse(server, connection.client, answer)
    const tokens = await readTokens(connection, server, body)
    if (!tokens.ok) return tokens
    if (body.id_token === undefined) return ok({ ...tokens.value, idToken: null })
    const user = await connection.checks.renewedIdToken(server, body.id_token, body.access_token)
    return user.ok ? ok({ ...tokens.value, idToken: user.value }) : user
  } catch (error) {
    return problemOf(error)
  }
}
