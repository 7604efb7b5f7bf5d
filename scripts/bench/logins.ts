import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { Browser } from '../../test/support/browser.ts'
import { OAuthClient, tokensIn } from '../../test/support/oauth-client.ts'
import { newUser, type User } from '../../test/support/users.ts'
import { signIn, type SignInEnd } from '../../test/support/sign-in.ts'
import type { Settings } from '../local/settings.ts'
import type { Servers } from './servers.ts'

export interface Bearers {
  /** Our access token for /mcp. */
  readonly ours: string
  /** PingOne's token for the API. */
  readonly downstream: string
  readonly bare: string
}

const SCOPES = 'todo:read todo:write'

/** One user with a token for each target: this server, the API, and the bare Worker in front of it. */
export async function signInEverywhere(servers: Servers): Promise<Bearers> {
  const user = newUser('bench')
  const ours = await signInOnce(servers, user)
  const { access_token: downstream } = await signInAtPingOne(servers, user)
  return { ours, downstream, bare: await signInAtBare(servers, downstream) }
}

/** A whole login: registration, both consents, code exchange. */
export async function signInOnce({ origin }: Servers, user: User = newUser('bench')): Promise<string> {
  const client = await (await new OAuthClient(`${origin}/mcp`).discover()).register()
  const authorization = client.authorize({ scope: SCOPES })
  const code = codeOf(await signIn(new Browser(), authorization.url, { user }))
  return tokensIn(await client.redeem(code, authorization.verifier)).access_token
}

const Tokens = z.object({ access_token: z.string(), refresh_token: z.string().nullable().default(null) })
export type DownstreamTokens = z.infer<typeof Tokens>

/** Uses our server's client id and secret, so that the API sees the same user. */
export async function signInAtPingOne(
  { origin, settings }: Servers,
  user: User = newUser('bench'),
): Promise<DownstreamTokens> {
  const { PINGONE_ISSUER: issuer = '', MCP_SERVER_CLIENT_ID: id = '' } = settings
  const redirectUri = `${origin}/callback`
  const verifier = randomBytes(32).toString('base64url')
  const url = new URL(`${issuer}/authorize`)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: id,
    redirect_uri: redirectUri,
    scope: `openid ${SCOPES}`,
    state: 'bench',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    acr_values: settings.PINGONE_DV_POLICY_ID ?? '',
  }).toString()
  const code = codeOf(await signIn(new Browser(), url, { user }))
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: basic(settings) },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    }),
  })
  return Tokens.parse(await response.json())
}

/** Ends a whole refresh token family, as PingOne does when a user signs out. */
export async function revokeAtPingOne({ settings }: Servers, refreshToken: string): Promise<void> {
  const { PINGONE_ISSUER: issuer = '' } = settings
  const { ok, status } = await fetch(`${issuer}/revoke`, {
    method: 'POST',
    headers: { authorization: basic(settings) },
    body: new URLSearchParams({ token: refreshToken }),
  })
  if (!ok) throw new Error(`PingOne did not revoke: ${status}`)
}

const basic = ({ MCP_SERVER_CLIENT_ID: id = '', MCP_SERVER_CLIENT_SECRET: secret = '' }: Settings) =>
  `Basic ${btoa(`${id}:${secret}`)}`

async function signInAtBare({ bareOrigin }: Servers, downstream: string): Promise<string> {
  const client = await (await new OAuthClient(`${bareOrigin}/mcp`).discover()).register()
  const { url, verifier } = client.authorize({ scope: SCOPES })
  const headers = { 'x-downstream-token': downstream }
  const { headers: answer } = await fetch(url, { headers, redirect: 'manual' })
  const code = new URL(answer.get('location') ?? '').searchParams.get('code') ?? ''
  return tokensIn(await client.redeem(code, verifier)).access_token
}

function codeOf({ answer, page, stages }: SignInEnd): string {
  const code = answer?.get('code')
  if (code == null) throw new Error(`no code: ${stages.join(' → ')}: ${answer ?? page.text}`)
  return code
}
