import { env } from 'cloudflare:workers'
import { importJWK, type JWTPayload, SignJWT } from 'jose'
import { z } from 'zod'
import { DISCOVERY, ISSUER, POLICY } from './settings.ts'

// A minimal PingOne: one policy, one client, rotating refresh tokens. Reuse after the grace period kills a family.

interface Family {
  subject: string
  refreshToken: string
  spentAtMs: Map<string, number>
  isAlive: boolean
}

const ID_TOKEN_SECONDS = 3600
const Key = z.looseObject({ kty: z.literal('RSA'), n: z.string(), e: z.string() })
const Code = z.object({ nonce: z.string(), subject: z.string() })

export const families: Family[] = []
/** The groups of a user in the claim `groups` of the id token, by subject. */
export const groups = new Map<string, string[]>()
export const switches = {
  /** How long a rotated refresh token is still accepted. PingOne's default is 0. */
  graceSeconds: 60,
  accessTokenSeconds: 3600,
  hasRefreshTokens: true,
  /** Whether the client of this server may refresh; an operator can break that. */
  knowsClient: true,
  /** The id token of a refresh: with the user's groups, without them, or absent. */
  refreshIdToken: 'missing' as 'whole' | 'without-mapped' | 'missing',
}

/** The transaction id of the last request to the token endpoint. */
export const lastTokenRequest: { transaction: string | null } = { transaction: null }

/** Everything that PingOne answers, with an offset of its clock in seconds. */
export async function answerAsPingOne(request: Request, offsetSeconds = 0): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname.endsWith('/.well-known/openid-configuration')) return Response.json(DISCOVERY)
  if (pathname.endsWith('/jwks')) return keys()
  if (pathname.endsWith('/revoke')) return revoke(request)
  lastTokenRequest.transaction = request.headers.get('x-ping-external-transaction-id')
  return token(request, offsetSeconds)
}

/** The code carries the user who signed in, so PingOne keeps no state for it. */
export const codeOf = (code: z.infer<typeof Code>): string => btoa(JSON.stringify(code))

const signingKey = () => Key.parse(JSON.parse(env.PINGONE_KEY))

const keys = () => {
  const { kty, n, e } = signingKey()
  return Response.json({ keys: [{ kty, n, e, kid: 'key', alg: 'RS256', use: 'sig' }] })
}

/** Not `text()`, which warns about the content type of forms. */
const formOf = async (request: Request) =>
  new URLSearchParams(new TextDecoder().decode(await request.arrayBuffer()))

async function token(request: Request, offsetSeconds: number): Promise<Response> {
  const form = await formOf(request)
  const now = Math.floor(Date.now() / 1000) + offsetSeconds
  return form.get('grant_type') === 'refresh_token'
    ? refresh(form.get('refresh_token') ?? '', now)
    : redeem(form, now)
}

async function revoke(request: Request): Promise<Response> {
  const family = familyOf((await formOf(request)).get('token') ?? '')
  if (family !== undefined) family.isAlive = false
  return new Response(null)
}

const familyOf = (presented: string) =>
  families.find(({ refreshToken, spentAtMs }) => refreshToken === presented || spentAtMs.has(presented))

async function redeem(form: URLSearchParams, now: number): Promise<Response> {
  const { nonce, subject } = Code.parse(JSON.parse(atob(form.get('code') ?? '')))
  const family: Family = {
    subject,
    refreshToken: crypto.randomUUID(),
    spentAtMs: new Map(),
    isAlive: true,
  }
  families.push(family)
  const member = { groups: groups.get(subject) ?? [] }
  const claims = { nonce, acr: POLICY, sub: subject, sid: 'sid', auth_time: now, ...member }
  const idToken = await sign({ aud: 'the-application', ...claims }, now, now + ID_TOKEN_SECONDS)
  return tokensOf(family, now, { id_token: idToken })
}

async function refresh(presented: string, now: number): Promise<Response> {
  if (!switches.knowsClient) return Response.json({ error: 'invalid_client' }, { status: 401 })
  const family = familyOf(presented)
  const spentAtMs = family?.spentAtMs.get(presented)
  const isReused = spentAtMs !== undefined && Date.now() - spentAtMs >= switches.graceSeconds * 1000
  if (family === undefined || !family.isAlive || isReused) {
    if (family !== undefined) family.isAlive = false
    return Response.json({ error: 'invalid_grant' }, { status: 400 })
  }
  family.spentAtMs.set(presented, spentAtMs ?? Date.now())
  family.refreshToken = crypto.randomUUID()
  return tokensOf(family, now, await renewedIdToken(family.subject, now))
}

async function renewedIdToken(subject: string, now: number): Promise<{ id_token?: string }> {
  if (switches.refreshIdToken === 'missing') return {}
  const mapped = switches.refreshIdToken === 'whole' ? { groups: groups.get(subject) ?? [] } : {}
  const claims = { aud: 'the-application', acr: POLICY, sub: subject, sid: 'sid', ...mapped }
  return { id_token: await sign(claims, now, now + ID_TOKEN_SECONDS) }
}

async function tokensOf({ subject, refreshToken }: Family, now: number, more: object): Promise<Response> {
  const scope = 'todo:read todo:write'
  const claims = { sub: subject, sid: 'sid', scope, acr: POLICY, client_id: 'the-application' }
  const seconds = switches.accessTokenSeconds
  const tokens = {
    access_token: await sign({ aud: 'todo-api', ...claims }, now, now + seconds),
    token_type: 'Bearer',
    expires_in: seconds,
    scope,
    ...(switches.hasRefreshTokens ? { refresh_token: refreshToken } : {}),
    ...more,
  }
  return Response.json(tokens, { headers: { 'correlation-id': crypto.randomUUID() } })
}

/** A token of this PingOne, or one that a test falsifies: other claims, another key. */
export const sign = async (claims: JWTPayload, from: number, to: number, key?: CryptoKey) =>
  new SignJWT({ iss: ISSUER, jti: crypto.randomUUID(), ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'key' })
    .setIssuedAt(from)
    .setExpirationTime(to)
    .sign(key ?? (await importJWK(signingKey(), 'RS256')))
