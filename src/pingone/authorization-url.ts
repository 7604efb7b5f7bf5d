import * as oauth from 'oauth4webapi'
import { err, ok, type Result } from '#lib/result.ts'
import { type Connection, send } from './connection.ts'
import { failureOf, type PingOneFailure, statusFailure } from './failures.ts'

/** Stored from our redirect to the callback; never shown to a browser (RFC 7636, OIDC nonce). */
export interface LoginSecrets {
  verifier: string
  nonce: string
  /** The code goes to no other issuer, even if the settings changed since the redirect (decision 19). */
  issuer: string
}

export interface LoginRequest {
  redirectUri: string
  state: string
  secrets: LoginSecrets
  scopes: readonly string[]
  /** The MCP client, for the screens of the DaVinci flow. Already cleaned; sent only by PAR. */
  client?: { name: string; host: string } | undefined
  /** The maximum age of the sign-on, beside the settings'; `isForced` requires a new one. */
  freshness?: { maxAgeSeconds: number; isForced: boolean }
}

type Parameters = Readonly<Record<string, string>>

export const newLoginSecrets = (issuer: string): LoginSecrets => ({
  verifier: oauth.generateRandomCodeVerifier(),
  nonce: oauth.generateRandomNonce(),
  issuer,
})

/**
 * The URL where the browser signs in. Scopes are always explicit: PingOne treats an empty scope as all scopes.
 * @step login 11 the request to PingOne
 */
export const makeAuthorizationUrl =
  (connection: Connection) =>
  async (login: LoginRequest): Promise<Result<URL, PingOneFailure>> => {
    const { settings } = connection
    const server = await connection.discover()
    if (!server.ok) return server
    const endpoint = server.value.authorization_endpoint
    if (endpoint === undefined)
      return err({ reason: 'misconfigured', detail: 'discovery names no authorization_endpoint' })
    const parameters = await parametersOf(connection, login)
    const query = settings.par
      ? await push(connection, server.value, { ...parameters, ...shownInFlow(login) })
      : ok(parameters)
    if (!query.ok) return query
    const url = new URL(endpoint)
    for (const [name, value] of Object.entries(query.value)) url.searchParams.set(name, value)
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
    // OpenID Connect Core §3.1.2.1; `auth_time` is checked when the tokens arrive.
    ...(ages.length === 0 ? {} : { max_age: String(Math.min(...ages)) }),
    ...(freshness?.isForced === true ? { prompt: 'login' } : {}),
    ...resource,
  }
}

// Only by PAR: the browser's user could change them in a query, and the flow would show the change.
const shownInFlow = ({ client }: LoginRequest): Parameters =>
  client === undefined ? {} : { mcp_client_name: client.name, mcp_client_host: client.host }

/** Sends the request to PingOne directly; the browser carries only its `request_uri` (RFC 9126 §4). */
async function push(
  { client, authentication, options }: Connection,
  server: oauth.AuthorizationServer,
  parameters: Parameters,
): Promise<Result<Parameters, PingOneFailure>> {
  if (server.pushed_authorization_request_endpoint === undefined)
    return err({
      reason: 'misconfigured',
      detail: 'discovery names no pushed_authorization_request_endpoint',
    })
  const sent = await send(() =>
    oauth.pushedAuthorizationRequest(server, client, authentication, { ...parameters }, options),
  )
  if (!sent.ok) return sent
  const failure = statusFailure(sent.value)
  if (failure !== null) return failure
  try {
    const { request_uri } = await oauth.processPushedAuthorizationResponse(server, client, sent.value)
    return ok({ client_id: client.client_id, request_uri })
  } catch (error) {
    return failureOf(error)
  }
}
