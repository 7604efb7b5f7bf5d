import { createRemoteJWKSet, customFetch, decodeJwt, jwtVerify, type JWTPayload } from 'jose'
import {
  authorizeUrl,
  Browser,
  clientId,
  clientSecret,
  issuer,
  origin,
  redirectUri,
  send,
  verifier,
} from './browser.ts'

/** The application's side of the protocol. */
export interface Tokens {
  readonly status: number
  readonly error: string | undefined
  readonly description: string | undefined
  readonly accessToken: string
  readonly idToken: string | undefined
  readonly refreshToken: string | undefined
  readonly scope: string | undefined
}

const encoded = (text: string): string => new URLSearchParams({ x: text }).toString().slice(2)
export const basic = `Basic ${btoa(`${encoded(clientId)}:${encoded(clientSecret)}`)}`

/** POST to an endpoint of the issuer, authenticated. */
export const post = (
  endpoint: string,
  fields: Readonly<Record<string, string>> | [string, string][],
  headers: Readonly<Record<string, string>> = { authorization: basic },
): Promise<Response> =>
  send(`${issuer}/${endpoint}`, { method: 'POST', body: new URLSearchParams(fields), headers })

export async function askTokens(
  fields: Readonly<Record<string, string>>,
  headers?: Readonly<Record<string, string>>,
): Promise<Tokens> {
  const response = await post('token', fields, headers)
  const body = await readJson(response)
  return {
    status: response.status,
    error: textOf(body['error']),
    description: textOf(body['error_description']),
    accessToken: textOf(body['access_token']) ?? '',
    idToken: textOf(body['id_token']),
    refreshToken: textOf(body['refresh_token']),
    scope: textOf(body['scope']),
  }
}

export const redeem = (code: string, changes: Readonly<Record<string, string>> = {}): Promise<Tokens> =>
  askTokens({
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    ...changes,
  })

export const refresh = (
  refreshToken: string | undefined,
  changes: Readonly<Record<string, string>> = {},
): Promise<Tokens> =>
  askTokens({ grant_type: 'refresh_token', refresh_token: refreshToken ?? '', ...changes })

/** Signs a user on, allows every scope, and returns the callback URL. */
export async function login(
  changes: Readonly<Record<string, string | undefined>> = {},
  { browser = new Browser(), username = 'ada' }: { browser?: Browser; username?: string } = {},
): Promise<URL> {
  let sight = await browser.visit(await authorizeUrl(changes))
  if (sight.text.includes('<h1>Sign on</h1>')) sight = await browser.signOn(sight, username)
  if (sight.text.includes('<h1>Allow access?</h1>')) sight = await browser.consent(sight, 'allow')
  return sight.url
}

export const codeOf = (callback: URL): string => callback.searchParams.get('code') ?? ''

/** A login and its tokens. */
export async function loginForTokens(
  changes: Readonly<Record<string, string | undefined>> = {},
  options: { browser?: Browser; username?: string } = {},
): Promise<Tokens> {
  return redeem(codeOf(await login(changes, options)))
}

/** Verifies a token against the tenant's current JWKS. */
export async function verify(token: string | undefined, audience: string): Promise<JWTPayload> {
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`), {
    [customFetch]: (url, init) => send(url, init),
  })
  const { payload } = await jwtVerify(token ?? '', keys, { issuer, audience, algorithms: ['RS256'] })
  return payload
}

export const decode = (token: string | undefined): JWTPayload => decodeJwt(token ?? '')

export const setSwitches = (patch: unknown): Promise<Response> =>
  send(`${origin}/__emulator/switches`, { method: 'POST', body: JSON.stringify(patch) })

export const resetEmulator = (): Promise<Response> => send(`${origin}/__emulator/reset`, { method: 'POST' })

export async function readJson(response: Response): Promise<Record<string, unknown>> {
  const body: unknown = await response.json()
  if (typeof body !== 'object' || body === null) throw new Error('The answer is no JSON object')
  return Object.fromEntries(Object.entries(body))
}

export const readState = async (): Promise<Record<string, unknown>> =>
  readJson(await send(`${origin}/__emulator/state`))

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
