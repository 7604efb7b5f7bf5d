import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { Browser } from '#harness/browser.ts'
import { Emulator } from '#harness/emulator.ts'
import { OAuthClient, tokensIn } from '#harness/oauth-client.ts'
import { signIn, type SignInEnd } from '#harness/sign-in.ts'
import { newUser, type User } from '#harness/users.ts'
import type { Settings } from '#harness/local/settings.ts'
import type { Cases } from './cases.ts'
import { send } from './requests.ts'
import type { Servers } from './servers.ts'

export interface Bearers {
  /** Our access token for /mcp. */
  readonly ours: string
  /** PingOne's token for the API. */
  readonly downstream: string
  readonly bare: string
  /** A secret as long as ours: the floor Worker compares it with the one that it was given. */
  readonly floor: string
}

const SCOPES = 'todo:read todo:write'

/** One user with a token for each target: this server, the API, and the Workers that we compare with. */
export async function signInEverywhere(servers: Servers): Promise<Bearers> {
  const user = newUser('bench')
  const ours = await signInOnce(servers, user)
  const { access_token: downstream } = await signInAtPingOne(servers, user)
  const bare = await signInAtBare(servers, downstream)
  return { ours, downstream, bare, floor: randomBytes(60).toString('base64url') }
}

/** A whole login: registration, both consents, code exchange. */
async function signInOnce({ origin }: Servers, user: User = newUser('bench')): Promise<string> {
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

/** The PingOne paths that a server calls; the user's browser opens all others. */
const FOR_SERVERS = ['discovery', 'jwks', 'par', 'token', 'userinfo', 'introspect', 'revoke'] as const
export type PingOneRequests = Readonly<Partial<Record<(typeof FOR_SERVERS)[number], number>>>

/** Counts our server's requests to PingOne during an action. */
async function countWhile({ emulatorOrigin }: Servers, act: () => Promise<unknown>) {
  const emulator = new Emulator(emulatorOrigin)
  const { counts: before } = await emulator.state()
  await act()
  const { counts: after } = await emulator.state()
  const sent = FOR_SERVERS.map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)] as const)
  const requests: PingOneRequests = Object.fromEntries(sent.filter(([, times]) => times > 0))
  return requests
}

/** The first login of an isolate, with cold caches, and a later one. */
export async function countLogins(servers: Servers) {
  const first = await countWhile(servers, () => signInOnce(servers))
  const next = await countWhile(servers, () => signInOnce(servers))
  return { first, next }
}

/** Both transports, warm, so that the key fetch of the Todo API is not counted. */
export const countCalls = (
  servers: Servers,
  { statelessCall, sessionCall }: Pick<Cases, 'statelessCall' | 'sessionCall'>,
  times: number,
) =>
  countWhile(servers, async () => {
    for (let time = 0; time < times; time += 1) {
      await send(statelessCall)
      await send(sessionCall)
    }
  })

export const total = (requests: PingOneRequests): number =>
  Object.values(requests).reduce((sum, times) => sum + times, 0)

const Pairs = z.array(z.object({ access_token: z.string(), refresh_token: z.string() }))
export type Pair = z.infer<typeof Pairs>[number]

export interface Seeder {
  readonly origin: string
  readonly client: OAuthClient
}

/** A client of a Worker that gives grants on request (bench/seeded/). */
export async function makeSeeder(origin: string): Promise<Seeder> {
  return { origin, client: await (await new OAuthClient(`${origin}/mcp`).discover()).register() }
}

/** Long enough that no token needs a refresh during a bench. */
const HOUR_SECONDS = 3600
const AT_ONCE = 50

/** Creates a grant for each subject and returns the client's token pairs. A repeated subject gets two grants. */
export async function seedGrants(
  { origin, client }: Seeder,
  subjects: readonly string[],
  { access_token: access, refresh_token: refresh }: DownstreamTokens,
  endsInSeconds = HOUR_SECONDS,
): Promise<Pair[]> {
  const pairs: Pair[] = []
  for (let first = 0; first < subjects.length; first += AT_ONCE) {
    const response = await fetch(`${origin}/bench/grants`, {
      method: 'POST',
      body: JSON.stringify({
        client: client.clientId,
        redirectUri: client.redirectUri,
        subjects: subjects.slice(first, first + AT_ONCE),
        downstream: { access, refresh, endsInSeconds },
      }),
    })
    if (!response.ok) throw new Error(`seeding: ${response.status} ${await response.text()}`)
    pairs.push(...Pairs.parse(await response.json()))
  }
  return pairs
}

/** Subjects `prefix 1`, `prefix 2`, …: one user each. */
export const subjectsNamed = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix} ${index + 1}`)
