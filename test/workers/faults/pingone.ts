import { env } from 'cloudflare:workers'
import { importJWK, SignJWT } from 'jose'
import { z } from 'zod'
import { clocks } from './faults.ts'
import { ISSUER, POLICY } from '../settings.ts'

/** A minimal PingOne: one policy, one client, rotating refresh tokens with the required grace period. */
interface Family {
  subject: string
  current: string
  spentAtMs: Map<string, number>
  isAlive: boolean
}

const GRACE_MS = 60_000
const ID_TOKEN_SECONDS = 3600
const Key = z.looseObject({ kty: z.literal('RSA'), n: z.string(), e: z.string() })
const Code = z.object({ nonce: z.string(), subject: z.string() })

export const families: Family[] = []
export const switches = { accessTokenSeconds: 3600, hasRefreshTokens: true }

/** The code carries the user who signed in, so PingOne keeps no state for it. */
export const codeOf = (code: z.infer<typeof Code>): string => btoa(JSON.stringify(code))

export const discovery = async () =>
  Response.json({
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/authorize`,
    token_endpoint: `${ISSUER}/token`,
    revocation_endpoint: `${ISSUER}/revoke`,
    jwks_uri: `${ISSUER}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  })

const signingKey = () => Key.parse(JSON.parse(env.PINGONE_KEY))

export const keys = async () => {
  const { kty, n, e } = signingKey()
  return Response.json({ keys: [{ kty, n, e, kid: 'key', alg: 'RS256', use: 'sig' }] })
}

export const token = async (form: URLSearchParams) =>
  form.get('grant_type') === 'refresh_token' ? refresh(form.get('refresh_token') ?? '') : redeem(form)

export async function revoke(form: URLSearchParams): Promise<Response> {
  const family = familyOf(form.get('token') ?? '')
  if (family !== undefined) family.isAlive = false
  return new Response(null)
}

const familyOf = (given: string) =>
  families.find(({ current, spentAtMs }) => current === given || spentAtMs.has(given))

async function redeem(form: URLSearchParams): Promise<Response> {
  const { nonce, subject } = Code.parse(JSON.parse(atob(form.get('code') ?? '')))
  const family = {
    subject,
    current: crypto.randomUUID(),
    spentAtMs: new Map<string, number>(),
    isAlive: true,
  }
  families.push(family)
  const claims = { nonce, acr: POLICY, sub: subject, sid: 'sid' }
  return tokensOf(family, { id_token: await sign(claims, 'the-application', ID_TOKEN_SECONDS) })
}

async function refresh(presented: string): Promise<Response> {
  const family = familyOf(presented)
  const spentAtMs = family?.spentAtMs.get(presented) ?? Date.now()
  if (family === undefined || !family.isAlive || Date.now() - spentAtMs >= GRACE_MS) {
    if (family !== undefined) family.isAlive = false
    return Response.json({ error: 'invalid_grant' }, { status: 400 })
  }
  family.spentAtMs.set(presented, spentAtMs)
  family.current = crypto.randomUUID()
  return tokensOf(family, {})
}

async function tokensOf({ subject, current }: Family, more: object): Promise<Response> {
  const scope = 'todo:read todo:write'
  const claims = { sub: subject, sid: 'sid', scope, acr: POLICY, client_id: 'the-application' }
  const seconds = switches.accessTokenSeconds
  const accessToken = await sign(claims, 'todo-api', seconds)
  const bearer = { access_token: accessToken, token_type: 'Bearer', expires_in: seconds }
  const refreshToken = switches.hasRefreshTokens ? { refresh_token: current } : {}
  return Response.json({ ...bearer, scope, ...refreshToken, ...more })
}

async function sign(claims: Record<string, unknown>, audience: string, seconds: number): Promise<string> {
  const now = Math.floor(Date.now() / 1000) + clocks.token
  return new SignJWT({ ...claims, jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: 'RS256', kid: 'key' })
    .setIssuer(ISSUER)
    .setAudience(audience)
    .setIssuedAt(now)
    .setExpirationTime(now + seconds)
    .sign(await importJWK(signingKey(), 'RS256'))
}
