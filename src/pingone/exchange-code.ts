import * as oauth from 'oauth4webapi'
import { err, ok, type Result } from '#lib/result.ts'
import { traceHeaders } from '#lib/trace.ts'
import type { LoginSecrets } from './authorization-url.ts'
import type { IdTokenClaims } from './claims.ts'
import type { Connection } from './connection.ts'
import { judgeStatus, notTrusted, problemOf, type PingOneProblem } from './problems.ts'
import { type LoginProblem, refreshTokenIn } from './rotated.ts'
import { readTokens } from './tokens.ts'
import { send } from './wire.ts'

/** PingOne's answer at `/callback`, and what this login kept for it. */
interface CalledBack {
  callback: URL
  redirectUri: string
  secrets: LoginSecrets
  /** A UUID that our log names, so that this login is found in PingOne's audit. */
  transaction?: string
}

interface SignedIn<Tokens> {
  user: IdTokenClaims
  tokens: Tokens
}
type ReadTokens<Tokens> = (
  connection: Connection,
  server: oauth.AuthorizationServer,
  body: oauth.TokenEndpointResponse,
) => Promise<Result<Tokens, PingOneProblem>>

/** PingOne's answer at `/callback` becomes tokens that passed every check of OpenID Connect Core §3.1.3.7. */
export const makeCodeExchange = (connection: Connection) => makeRedemption(connection, readTokens)

/** The same where no scope of the API was asked for: no token is for the API then, and this one can only be revoked. */
export const makeIdentification = (connection: Connection) =>
  makeRedemption(connection, async (_connection, _server, body) =>
    ok(body.refresh_token ?? body.access_token),
  )

const makeRedemption =
  <Tokens>(connection: Connection, read: ReadTokens<Tokens>) =>
  async (login: CalledBack): Promise<Result<SignedIn<Tokens>, LoginProblem>> => {
    if (login.secrets.issuer !== connection.settings.issuer)
      return err({ reason: 'misconfigured', detail: 'settings name another issuer', given: null })
    const server = await connection.discover()
    if (!server.ok) return err({ ...server.error, given: null })
    const sent = await sendCode(connection, server.value, login)
    if (!sent.ok) return err({ ...sent.error, given: null })
    const copy = sent.value.clone()
    const signedIn = await readAnswer(connection, server.value, sent.value, {
      expectedNonce: login.secrets.nonce,
      read,
    })
    return signedIn.ok ? signedIn : err({ ...signedIn.error, given: await refreshTokenIn(copy) })
  }

async function sendCode(
  { client, authentication, options, resource }: Connection,
  server: oauth.AuthorizationServer,
  { callback, redirectUri, secrets, transaction }: CalledBack,
): Promise<Result<Response, PingOneProblem>> {
  let answer: URLSearchParams
  try {
    // The state was compared by whoever found this login by it; RFC 9207 `iss` is compared here when present.
    answer = oauth.validateAuthResponse(server, client, callback, oauth.skipStateCheck)
  } catch (error) {
    return problemOf(error)
  }
  const sent = await send(() =>
    oauth.authorizationCodeGrantRequest(
      server,
      client,
      authentication,
      answer,
      redirectUri,
      secrets.verifier,
      {
        ...options,
        ...(transaction === undefined ? {} : { headers: traceHeaders(transaction) }),
        additionalParameters: resource,
      },
    ),
  )
  return sent.ok ? (judgeStatus(sent.value) ?? sent) : sent
}

async function readAnswer<Tokens>(
  connection: Connection,
  server: oauth.AuthorizationServer,
  response: Response,
  { expectedNonce, read }: { expectedNonce: string; read: ReadTokens<Tokens> },
): Promise<Result<SignedIn<Tokens>, PingOneProblem>> {
  try {
    const maxAge = connection.settings.maxAuthAgeSeconds
    const body = await oauth.processAuthorizationCodeResponse(server, connection.client, response, {
      expectedNonce,
      requireIdToken: true,
      // Requires `auth_time` and allows for the clocks what it allows everywhere (connection.ts).
      ...(maxAge === null ? {} : { maxAge }),
    })
    if (body.id_token === undefined) return notTrusted('id token is missing')
    const user = await connection.checks.idToken(server, body.id_token, body.access_token)
    if (!user.ok) return user
    const tokens = await read(connection, server, body)
    return tokens.ok ? ok({ user: user.value, tokens: tokens.value }) : tokens
  } catch (error) {
    return problemOf(error)
  }
}
