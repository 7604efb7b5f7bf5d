import * as oauth from 'oauth4webapi'
import type { Fetch } from '../lib/bounded-fetch.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Secret } from '../lib/secret.ts'
import { makeTokenChecks } from './check-tokens.ts'
import type { AccessTokenClaims, IdTokenClaims } from './claims.ts'
import { makeDiscovery } from './discover.ts'
import { judgeStatus, notTrusted, problemOf, type PingOneProblem, unavailable } from './problems.ts'
import { refreshTokenIn, type RefreshProblem } from './rotated.ts'
import { makeWire, send } from './wire.ts'

export interface PingOneSettings {
  issuer: string
  policyIds: readonly [string, ...string[]]
  clientId: string
  clientAuth: { method: 'client_secret_basic' | 'client_secret_post'; secret: Secret }
  extraScopes: readonly string[]
  sendResource: boolean
  apiIdentifier: string
  deadlineMs: number
}

/** PingOne's tokens for one grant. Plain strings: they cross RPC into the Person, which seals them at once. */
export interface DownstreamTokens {
  accessToken: string
  refreshToken: string | null
  claims: AccessTokenClaims
}

/** What one login keeps between our redirect and PingOne's: never shown to a browser (RFC 7636, OIDC nonce). */
export interface LoginSecrets {
  verifier: string
  nonce: string
}

export type PingOne = ReturnType<typeof makePingOne>

/** This server as an OIDC client of PingOne. Certified parts do the protocol: oauth4webapi speaks, jose verifies. */
export function makePingOne(settings: PingOneSettings, deps: { fetch: Fetch; now: () => number }) {
  const wire = makeWire(deps.fetch, settings.deadlineMs, settings.issuer)
  const discover = makeDiscovery(wire, settings.issuer, deps.now)
  const checks = makeTokenChecks(wire, settings)
  const client: oauth.Client = { client_id: settings.clientId, [oauth.clockTolerance]: 60 }
  // RFC 8707 §2.2: a server that reads `resource` reads it at both endpoints; without it here the token could be for
  // another audience than the one that was agreed to.
  const resource: Record<string, string> = settings.sendResource ? { resource: settings.apiIdentifier } : {}
  const secret = settings.clientAuth.secret.reveal()
  const authentication =
    settings.clientAuth.method === 'client_secret_post'
      ? oauth.ClientSecretPost(secret)
      : oauth.ClientSecretBasic(secret)

  const newLoginSecrets = (): LoginSecrets => ({
    verifier: oauth.generateRandomCodeVerifier(),
    nonce: oauth.generateRandomNonce(),
  })

  /** Whether a login can begin at all: asks PingOne only when its addresses are not known yet. */
  async function isReachable(): Promise<Result<true, PingOneProblem>> {
    const server = await discover()
    return server.ok ? ok(true) : server
  }

  /** Where the browser goes to sign in. Scopes are always explicit: PingOne reads none as "all of them". */
  async function authorizationUrl(login: {
    redirectUri: string
    state: string
    secrets: LoginSecrets
    scopes: readonly string[]
  }): Promise<Result<URL, PingOneProblem>> {
    const server = await discover()
    if (!server.ok) return server
    const endpoint = server.value.authorization_endpoint
    if (endpoint === undefined)
      return err({ reason: 'misconfigured', detail: 'discovery names no authorization_endpoint' })
    const url = new URL(endpoint)
    const parameters = {
      response_type: 'code',
      client_id: settings.clientId,
      redirect_uri: login.redirectUri,
      scope: ['openid', 'profile', 'email', ...login.scopes, ...settings.extraScopes].join(' '),
      state: login.state,
      nonce: login.secrets.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(login.secrets.verifier),
      code_challenge_method: 'S256',
      acr_values: settings.policyIds[0],
      ...resource,
    }
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    return ok(url)
  }

  /** PingOne's answer at `/callback` becomes tokens that passed every check of OpenID Connect Core §3.1.3.7. */
  async function exchangeCode(login: {
    callback: URL
    redirectUri: string
    secrets: LoginSecrets
  }): Promise<Result<{ person: IdTokenClaims; tokens: DownstreamTokens }, PingOneProblem>> {
    const server = await discover()
    if (!server.ok) return server
    let answer: URLSearchParams
    try {
      // The state was compared by whoever found this login by it; RFC 9207 `iss` is compared here when present.
      answer = oauth.validateAuthResponse(server.value, client, login.callback, oauth.skipStateCheck)
    } catch (error) {
      return problemOf(error)
    }
    const sent = await send(() =>
      oauth.authorizationCodeGrantRequest(
        server.value,
        client,
        authentication,
        answer,
        login.redirectUri,
        login.secrets.verifier,
        { ...wire.options, additionalParameters: resource },
      ),
    )
    if (!sent.ok) return sent
    const bad = judgeStatus(sent.value)
    if (bad !== null) return bad
    try {
      const body = await oauth.processAuthorizationCodeResponse(server.value, client, sent.value, {
        expectedNonce: login.secrets.nonce,
        requireIdToken: true,
      })
      if (body.id_token === undefined) return notTrusted('id token is missing')
      const person = await checks.idToken(server.value, body.id_token, body.access_token)
      if (!person.ok) return person
      const tokens = await readTokens(server.value, body)
      return tokens.ok ? ok({ person: person.value, tokens: tokens.value }) : tokens
    } catch (error) {
      return problemOf(error)
    }
  }

  /** Redeems a refresh token. The caller stores what comes back before anything else uses it. */
  async function refresh(
    refreshToken: string,
    scopes: readonly string[],
  ): Promise<Result<DownstreamTokens, RefreshProblem>> {
    const server = await discover()
    if (!server.ok) return err({ ...server.error, rotated: null })
    const scope = ['openid', ...scopes].join(' ')
    const sent = await send(() =>
      oauth.refreshTokenGrantRequest(server.value, client, authentication, refreshToken, {
        ...wire.options,
        additionalParameters: { scope, ...resource },
      }),
    )
    if (!sent.ok) return err({ ...sent.error, rotated: null })
    const bad = judgeStatus(sent.value)
    if (bad !== null) return err({ ...bad.error, rotated: null })
    const copy = sent.value.clone()
    const tokens = await readRefreshAnswer(server.value, sent.value)
    if (!tokens.ok) return err({ ...tokens.error, rotated: await refreshTokenIn(copy) })
    // RFC 6749 §6: no new refresh token in the answer means that the old one goes on.
    return ok({ ...tokens.value, refreshToken: tokens.value.refreshToken ?? refreshToken })
  }

  async function readRefreshAnswer(server: oauth.AuthorizationServer, answer: Response) {
    try {
      return await readTokens(server, await oauth.processRefreshTokenResponse(server, client, answer))
    } catch (error) {
      return problemOf(error)
    }
  }

  async function readTokens(
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

  /** RFC 7009: what we end here ends there. */
  async function revoke(token: string): Promise<Result<true, PingOneProblem>> {
    const server = await discover()
    if (!server.ok) return server
    const sent = await send(() =>
      oauth.revocationRequest(server.value, client, authentication, token, wire.options),
    )
    if (!sent.ok) return sent
    const bad = judgeStatus(sent.value)
    if (bad !== null) return bad
    // The status alone is the answer (RFC 7009 §2.2); a page with a good one comes from someone before PingOne.
    if (sent.value.headers.get('content-type')?.startsWith('text/html') === true) return unavailable('html')
    try {
      await oauth.processRevocationResponse(sent.value)
      return ok(true)
    } catch (error) {
      return problemOf(error)
    }
  }

  return { newLoginSecrets, isReachable, authorizationUrl, exchangeCode, refresh, revoke }
}
