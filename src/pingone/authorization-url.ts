import * as oauth from 'oauth4webapi'
import { err, ok, type Result } from '#lib/result.ts'
import type { Connection } from './connection.ts'
import { judgeStatus, type PingOneProblem, problemOf } from './problems.ts'
import { send } from './wire.ts'

/** What one login keeps between our redirect and PingOne's: never shown to a browser (RFC 7636, OIDC nonce). */
export interface LoginSecrets {
  verifier: string
  nonce: string
  /** Who was asked: the answer goes to no other tenant, though the settings should name one by then (decision 19). */
  issuer: string
}

export interface LoginRequest {
  redirectUri: string
  state: string
  secrets: LoginSecrets
  scopes: readonly string[]
  /** For the screens of the DaVinci flow: who will act for the user. Already cleaned; sent only by PAR. */
  client?: { name: string; host: string } | undefined
  /** How old the sign-on may be, beside what the settings say; `isForced`: none that was before this. */
  freshness?: { maxAgeSeconds: number; isForced: boolean }
}

type Parameters = Readonly<Record<string, string>>

export const newLoginSecrets = (issuer: string): LoginSecrets => ({
  verifier: oauth.generateRandomCodeVerifier(),
  nonce: oauth.generateRandomNonce(),
  issuer,
})

/** Where the browser goes to sign in. Scopes are always explicit: PingOne reads none as "all of them". */
export const makeAuthorizationUrl =
  (connection: Connection) =>
  async (login: LoginRequest): Promise<Result<URL, PingOneProblem>> => {
    const { settings } = connection
    const server = await connection.discover()
    if (!server.ok) return server
    const endpoint = server.value.authorization_endpoint
    if (endpoint === undefined)
      return err({ reason: 'misconfigured', detail: 'discovery names no authorization_endpoint' })
    const asked = await parametersOf(connection, login)
    const carried = settings.par
      ? await push(connection, server.value, { ...asked, ...shownInFlow(login) })
      : ok(asked)
    if (!carried.ok) return carried
    const url = new URL(endpoint)
    for (const [name, value] of Object.entries(carried.value)) url.searchParams.set(name, value)
    return ok(url)
  }

async function parametersOf(
  { settings, resource }: Connection,
  { redirectUri, state, secrets, scopes, freshness }: LoginRequest,
): Promise<Parameters> {
  const ages = [settings.maxAuthAgeSeconds, freshness?.maxAgeSeconds ?? null].filter((age) => age !== null)
  return {
    response_type: 'code',
    client_id: settings.clientId,
    redirect_uri: redirectUri,
    scope: ['openid', 'profile', 'email', ...scopes, ...settings.extraScopes].join(' '),
    state,
    nonce: secrets.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(secrets.verifier),
    code_challenge_method: 'S256',
    acr_values: settings.policyIds[0],
    // OpenID Connect Core §3.1.2.1; what came of it is checked when the tokens come.
    ...(ages.length === 0 ? {} : { max_age: String(Math.min(...ages)) }),
    ...(freshness?.isForced === true ? { prompt: 'login' } : {}),
    ...resource,
  }
}

// In a query they could be changed on the way by whoever holds the browser, and the flow would show what he wrote.
const shownInFlow = ({ client }: LoginRequest): Parameters =>
  client === undefined ? {} : { mcp_client_name: client.name, mcp_client_host: client.host }

/** RFC 9126: PingOne has the request before the browser comes, from us; the browser carries only its name (§4). */
async function push(
  { client, authentication, options }: Connection,
  server: oauth.AuthorizationServer,
  asked: Parameters,
): Promise<Result<Parameters, PingOneProblem>> {
  if (server.pushed_authorization_request_endpoint === undefined)
    return err({
      reason: 'misconfigured',
      detail: 'discovery names no pushed_authorization_request_endpoint',
    })
  const sent = await send(() =>
    oauth.pushedAuthorizationRequest(server, client, authentication, { ...asked }, options),
  )
  if (!sent.ok) return sent
  const bad = judgeStatus(sent.value)
  if (bad !== null) return bad
  try {
    const { request_uri } = await oauth.processPushedAuthorizationResponse(server, client, sent.value)
    return ok({ client_id: client.client_id, request_uri })
  } catch (error) {
    return problemOf(error)
  }
}
