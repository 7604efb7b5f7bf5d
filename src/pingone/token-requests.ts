import * as oauth from 'oauth4webapi'
import { z } from 'zod'
import { err, ok, type Result } from '#lib/result.ts'
import { traceHeaders } from '#lib/trace.ts'
import type { LoginSecrets } from './authorization-url.ts'
import type { AccessTokenClaims, IdTokenClaims, RenewedIdTokenClaims } from './claims.ts'
import { type Connection, send } from './connection.ts'
import { failureOf, notTrusted, type PingOneFailure, statusFailure } from './failures.ts'

/** PingOne's tokens for one grant. Plain strings: they cross RPC into the user's object, which encrypts them at once. */
export interface DownstreamTokens {
  accessToken: string
  refreshToken: string | null
  claims: AccessTokenClaims
}

/** `given`: the refresh token of a login that failed our checks. The caller must revoke it at PingOne. */
export type LoginFailure = PingOneFailure & { given: string | null }

/**
 * `rotated`: PingOne replaced the old refresh token by this one, although its answer failed our checks. The caller must
 * store it: presenting the old one again would end the grant because of a temporary wrong setting.
 */
export type RefreshFailure = PingOneFailure & { rotated: string | null }

/** PingOne's redirect to our callback, and the stored secrets of that login. */
interface LoginCallback {
  callback: URL
  redirectUri: string
  secrets: LoginSecrets
  /** A UUID in our log and in PingOne's audit. */
  transaction?: string
}

interface SignIn<Tokens> {
  user: IdTokenClaims
  tokens: Tokens
  correlation?: string
}
type ReadTokens<Tokens> = (
  connection: Connection,
  server: oauth.AuthorizationServer,
  body: oauth.TokenEndpointResponse,
) => Promise<Result<Tokens, PingOneFailure>>

/**
 * Exchanges the code of a callback for tokens that passed every check of OpenID Connect Core §3.1.3.7.
 * @step login 14-15 code for tokens, and the nonce
 */
export const makeCodeExchange = (connection: Connection) => makeRedemption(connection, readTokens)

/** Exchanges the code of a sign-in without API scopes. Its token is not for the API and can only be revoked. */
export const makeIdentification = (connection: Connection) =>
  makeRedemption(connection, async (_connection, _server, body) =>
    ok(body.refresh_token ?? body.access_token),
  )

const makeRedemption =
  <Tokens>(connection: Connection, read: ReadTokens<Tokens>) =>
  async (login: LoginCallback): Promise<Result<SignIn<Tokens>, LoginFailure>> => {
    if (login.secrets.issuer !== connection.settings.issuer)
      return err({ reason: 'misconfigured', detail: 'settings name another issuer', given: null })
    const server = await connection.discover()
    if (!server.ok) return err({ ...server.error, given: null })
    const sent = await sendCode(connection, server.value, login)
    if (!sent.ok) return err({ ...sent.error, given: null })
    const copy = sent.value.clone()
    const signIn = await readSignIn(connection, server.value, sent.value, {
      expectedNonce: login.secrets.nonce,
      read,
    })
    return signIn.ok ? signIn : err({ ...signIn.error, given: await refreshTokenIn(copy) })
  }

async function sendCode(
  { client, authentication, options, resource }: Connection,
  server: oauth.AuthorizationServer,
  { callback, redirectUri, secrets, transaction }: LoginCallback,
): Promise<Result<Response, PingOneFailure>> {
  let answer: URLSearchParams
  try {
    // The login was found by its state, so the state matches; RFC 9207 `iss` is compared here when present.
    answer = oauth.validateAuthResponse(server, client, callback, oauth.skipStateCheck)
  } catch (error) {
    return failureOf(error)
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
  return sent.ok ? (statusFailure(sent.value) ?? sent) : sent
}

async function readSignIn<Tokens>(
  connection: Connection,
  server: oauth.AuthorizationServer,
  response: Response,
  { expectedNonce, read }: { expectedNonce: string; read: ReadTokens<Tokens> },
): Promise<Result<SignIn<Tokens>, PingOneFailure>> {
  try {
    const maxAge = connection.settings.maxAuthAgeSeconds
    const body = await oauth.processAuthorizationCodeResponse(server, connection.client, response, {
      expectedNonce,
      requireIdToken: true,
      // Requires `auth_time`, with the clock tolerance of connection.ts.
      ...(maxAge === null ? {} : { maxAge }),
    })
    if (body.id_token === undefined) return notTrusted('id token is missing')
    const user = await connection.checks.idToken(server, body.id_token, body.access_token)
    if (!user.ok) return user
    const tokens = await read(connection, server, body)
    return tokens.ok ? ok({ user: user.value, tokens: tokens.value, ...correlationOf(response) }) : tokens
  } catch (error) {
    return failureOf(error)
  }
}

interface RenewedTokens extends DownstreamTokens {
  /** The claims of the id token, if the answer has one. */
  idToken: RenewedIdTokenClaims | null
  correlation?: string
}

/**
 * Redeems a refresh token. The caller must store the new tokens before it uses them.
 * @step refresh 4-5 the request to PingOne
 */
export const makeRefresh =
  (connection: Connection) =>
  async (
    refreshToken: string,
    scopes: readonly string[],
    /** The transaction of the call that needs the token. */
    transaction: string,
  ): Promise<Result<RenewedTokens, RefreshFailure>> => {
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
    const failure = statusFailure(sent.value)
    if (failure !== null) return err({ ...failure.error, rotated: null })
    const copy = sent.value.clone()
    const tokens = await readRenewal(connection, server.value, sent.value)
    if (!tokens.ok) return err({ ...tokens.error, rotated: await refreshTokenIn(copy) })
    // RFC 6749 §6: without a new refresh token in the answer, the old one stays valid.
    return ok({ ...tokens.value, refreshToken: tokens.value.refreshToken ?? refreshToken })
  }

async function readRenewal(
  connection: Connection,
  server: oauth.AuthorizationServer,
  response: Response,
): Promise<Result<RenewedTokens, PingOneFailure>> {
  try {
    const body = await oauth.processRefreshTokenResponse(server, connection.client, response)
    const tokens = await readTokens(connection, server, body)
    if (!tokens.ok) return tokens
    const found = { ...tokens.value, ...correlationOf(response) }
    if (body.id_token === undefined) return ok({ ...found, idToken: null })
    const user = await connection.checks.renewedIdToken(server, body.id_token, body.access_token)
    return user.ok ? ok({ ...found, idToken: user.value }) : user
  } catch (error) {
    return failureOf(error)
  }
}

async function readTokens(
  { checks }: Connection,
  server: oauth.AuthorizationServer,
  body: oauth.TokenEndpointResponse,
): Promise<Result<DownstreamTokens, PingOneFailure>> {
  const claims = await checks.accessToken(server, body.access_token)
  if (!claims.ok) return claims
  return ok({
    accessToken: body.access_token,
    refreshToken: body.refresh_token ?? null,
    claims: claims.value,
  })
}

const CORRELATION = /^[!-~]{1,64}$/

/** PingOne's own id of a token request, for the audit log. */
function correlationOf({ headers }: Response): { correlation?: string } {
  const correlation = headers.get('Correlation-Id')
  return correlation !== null && CORRELATION.test(correlation) ? { correlation } : {}
}

const RefreshTokenAnswer = z.object({ refresh_token: z.string().min(1) })

/** The refresh token of an answer that failed our checks. */
async function refreshTokenIn(answer: Response): Promise<string | null> {
  const body: unknown = await answer.json().catch(() => undefined) // A body that is not JSON has none.
  return answer.ok ? (RefreshTokenAnswer.safeParse(body).data?.refresh_token ?? null) : null
}
