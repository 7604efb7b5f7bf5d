import { exportJWK, generateKeyPair, SignJWT } from 'jose'

export const ISSUER = 'https://auth.pingone.test/env/as'
const keys = await generateKeyPair('RS256')

/** PingOne, as far as a refresh needs it: rotating, without any grace, and killing the family on reuse. */
export const pingone = {
  audience: 'todo-api',
  /** What it answers to the next redemptions instead of tokens. */
  status: 200,
  redemptions: 0,
  /** How often a refresh token came that was spent. */
  reuses: 0,
  live: '',
  reset() {
    Object.assign(pingone, { audience: 'todo-api', status: 200, redemptions: 0, reuses: 0, live: '' })
  },
}

export const newAccessToken = (lifeSeconds = 3600) =>
  new SignJWT({ sub: 'ada', sid: 'sid', scope: 'todo:read', jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: 'RS256', kid: 'k' })
    .setIssuer(ISSUER)
    .setAudience(pingone.audience)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + lifeSeconds)
    .sign(keys.privateKey)

export async function answerAsPingOne(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init)
  const { pathname } = new URL(request.url)
  if (pathname.endsWith('/.well-known/openid-configuration')) {
    return Response.json({ issuer: ISSUER, token_endpoint: `${ISSUER}/token`, jwks_uri: `${ISSUER}/jwks` })
  }
  if (pathname.endsWith('/jwks')) {
    return Response.json({ keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'RS256' }] })
  }
  return redeem(await request.formData())
}

async function redeem(form: FormData): Promise<Response> {
  pingone.redemptions += 1
  await scheduler.wait(20)
  if (pingone.status !== 200) return new Response('CANARY', { status: pingone.status })
  if (form.get('refresh_token') !== pingone.live) {
    pingone.reuses += 1
    return Response.json({ error: 'invalid_grant', error_description: 'CANARY' }, { status: 400 })
  }
  pingone.live = crypto.randomUUID()
  return Response.json({
    access_token: await newAccessToken(),
    refresh_token: pingone.live,
    token_type: 'Bearer',
    expires_in: 3600,
  })
}
