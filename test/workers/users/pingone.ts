import { generateKeyPair } from 'jose'
import * as shared from '../pingone.ts'
import { POLICY, SETTINGS } from '../settings.ts'

const foreignKeys = await generateKeyPair('RS256')

/** Overrides of a token's claims. */
type ClaimOverrides = Readonly<Record<string, unknown>> & { iss?: string; aud?: string; isForeign?: true }

const normal = {
  audience: 'todo-api',
  /** The status of the next redemptions. */
  status: 200,
  /** An error of RFC 6749 §5.2 in place of tokens. */
  error: null as string | null,
  redemptions: 0,
  /** The transaction id of the last redemption. */
  transaction: null as string | null,
  /** How often a spent refresh token was presented. */
  reuses: 0,
  access: {} as ClaimOverrides,
  /** null: refreshes return no id token. */
  id: null as ClaimOverrides | null,
  /** How long a redemption takes. */
  takesMs: 20,
}

/** PingOne's refresh: it rotates without a grace period, and reuse kills the family. */
export const pingone = {
  ...normal,
  /** The valid refresh tokens. */
  live: new Set<string>(),
  reset() {
    Object.assign(pingone, normal)
    pingone.live.clear()
  },
}

export function newRefreshToken(): string {
  const token = crypto.randomUUID()
  pingone.live.add(token)
  return token
}

function sign({ isForeign, ...claims }: ClaimOverrides, lifeSeconds: number): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  return shared.sign(claims, now, now + lifeSeconds, isForeign === true ? foreignKeys.privateKey : undefined)
}

export const newAccessToken = (lifeSeconds = 3600) =>
  sign(
    { sub: 'ada', sid: 'sid', scope: 'todo:read', aud: pingone.audience, acr: POLICY, ...pingone.access },
    lifeSeconds,
  )

export async function answerAsPingOne(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init)
  const { pathname } = new URL(request.url)
  if (!/\/(?:token|revoke)$/.test(pathname)) return shared.answerAsPingOne(request)
  pingone.transaction = request.headers.get('x-ping-external-transaction-id')
  const form = await request.formData()
  if (!pathname.endsWith('/revoke')) return redeem(form)
  // Revokes only the token named: revoking a spent one misses its successor.
  pingone.live.delete(tokenIn(form, 'token'))
  return new Response(null)
}

function tokenIn(form: FormData, name: string): string {
  const token = form.get(name)
  return typeof token === 'string' ? token : ''
}

async function redeem(form: FormData): Promise<Response> {
  pingone.redemptions += 1
  // A token is spent on arrival, however long the answer takes.
  const { error } = pingone
  const isGood =
    pingone.status === 200 && error === null && pingone.live.delete(tokenIn(form, 'refresh_token'))
  await scheduler.wait(pingone.takesMs)
  if (pingone.status !== 200) return new Response('CANARY', { status: pingone.status })
  if (error !== null) return Response.json({ error, error_description: 'CANARY' }, { status: 400 })
  if (!isGood) {
    pingone.reuses += 1
    return Response.json({ error: 'invalid_grant', error_description: 'CANARY' }, { status: 400 })
  }
  const { id } = pingone
  const claims = { sub: 'ada', sid: 'sid', aud: SETTINGS.MCP_SERVER_CLIENT_ID, acr: POLICY, ...id }
  return Response.json({
    access_token: await newAccessToken(),
    refresh_token: newRefreshToken(),
    token_type: 'Bearer',
    expires_in: 3600,
    ...(id === null ? {} : { id_token: await sign(claims, 3600) }),
  })
}
