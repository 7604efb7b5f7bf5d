import { WorkerEntrypoint } from 'cloudflare:workers'
import { importJWK, type JWK, SignJWT } from 'jose'
import { z } from 'zod'
import { ISSUER, POLICY } from '../settings.ts'
import { families, switches } from './witness.ts'

const Key = z.looseObject({ kty: z.literal('RSA'), n: z.string(), e: z.string() })
const Code = z.object({ nonce: z.string(), subject: z.string() })
export type Code = z.infer<typeof Code>

/** The code carries the user who signed in, so PingOne keeps no state for it. */
export const codeOf = (code: Code): string => btoa(JSON.stringify(code))

/** A minimal PingOne: one policy, one client, rotating refresh tokens. Reuse kills a token family. */
export class PingOneWitness extends WorkerEntrypoint<Env> {
  override async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname.endsWith('/.well-known/openid-configuration')) return Response.json(discovery)
    if (pathname.endsWith('/jwks')) {
      const { kty, n, e } = this.#key()
      return Response.json({ keys: [{ kty, n, e, kid: 'key', alg: 'RS256', use: 'sig' }] })
    }
    const form = new URLSearchParams(new TextDecoder().decode(await request.arrayBuffer()))
    if (pathname.endsWith('/revoke')) return revoke(form.get('token') ?? '')
    return form.get('grant_type') === 'refresh_token' ? this.#refresh(form) : this.#redeem(form)
  }

  #key(): JWK & z.infer<typeof Key> {
    return Key.parse(JSON.parse(this.env.PINGONE_KEY))
  }

  async #redeem(form: URLSearchParams): Promise<Response> {
    const { nonce, subject } = Code.parse(JSON.parse(atob(form.get('code') ?? '')))
    const refreshToken = crypto.randomUUID()
    families.push({ subject, refreshToken, spent: new Map(), isAlive: true })
    const idToken = await this.#sign({ nonce, acr: POLICY, sub: subject, sid: 'sid' }, 'the-application', 300)
    return this.#answer(subject, refreshToken, { id_token: idToken })
  }

  async #refresh(form: URLSearchParams): Promise<Response> {
    const presented = form.get('refresh_token') ?? ''
    const family = familyOf(presented)
    const spentAt = family?.spent.get(presented)
    const isSpent = spentAt !== undefined && Date.now() - spentAt >= switches.graceSeconds * 1000
    if (family === undefined || !family.isAlive || isSpent) {
      if (family !== undefined) family.isAlive = false
      return Response.json({ error: 'invalid_grant' }, { status: 400 })
    }
    family.spent.set(presented, spentAt ?? Date.now())
    family.refreshToken = crypto.randomUUID()
    return this.#answer(family.subject, family.refreshToken, {})
  }

  async #answer(subject: string, refreshToken: string, more: object): Promise<Response> {
    const scope = 'todo:read todo:write'
    const claims = { sub: subject, sid: 'sid', scope, acr: POLICY, client_id: 'the-application' }
    const accessToken = await this.#sign(claims, 'todo-api', switches.accessTokenSeconds)
    const expires_in = switches.accessTokenSeconds
    return Response.json({
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in,
      scope,
      refresh_token: refreshToken,
      ...more,
    })
  }

  async #sign(claims: Record<string, unknown>, audience: string, seconds: number): Promise<string> {
    return new SignJWT({ ...claims, jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: 'RS256', kid: 'key' })
      .setIssuer(ISSUER)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
      .sign(await importJWK(this.#key(), 'RS256'))
  }
}

const familyOf = (token: string) =>
  families.find(({ refreshToken, spent }) => refreshToken === token || spent.has(token))

function revoke(token: string): Response {
  const family = familyOf(token)
  if (family !== undefined) family.isAlive = false
  return new Response(null)
}

const discovery = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  revocation_endpoint: `${ISSUER}/revoke`,
  jwks_uri: `${ISSUER}/jwks`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
}
