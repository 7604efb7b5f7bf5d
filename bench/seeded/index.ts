/**
 * The server with one extra route, which creates grants without a login, because thousands of logins would take too
 * long. Only `npm run bench` and `npm run limits` run this Worker, on loopback. The records are the library's, `/token`
 * and the User objects are the server's.
 */
import { decodeJwt } from 'jose'
import { z } from 'zod'
import { openGrant } from '#authorization/login/finish-login.ts'
import product from '../../test/workers/todos-worker.ts'
import { AccessTokenClaims, idTokenClaims } from '#pingone/claims.ts'
import { todos } from '#todos/index.ts'
import { wireAuthorization } from '#wiring/authorization.ts'
import { makePolicies } from '#wiring/policy.ts'
import { wireCutoffs } from '#wiring/cutoffs.ts'
import { makeIsolate } from '#wiring/isolate.ts'

export { Control, McpSession, User } from '../../test/workers/todos-worker.ts'

const SeedRequest = z.strictObject({
  client: z.string(),
  redirectUri: z.string(),
  /** One grant for each entry; the same subject twice is one user with two grants. */
  subjects: z.array(z.string()),
  downstream: z.strictObject({
    access: z.string(),
    refresh: z.string().nullable(),
    endsInSeconds: z.number(),
  }),
})
type SeedRequest = z.infer<typeof SeedRequest>

const VERIFIER = 'a-verifier-that-is-long-enough-to-be-one-0123456789'
const CHALLENGE = 'IdFsue1MJJJtybEPX0invmHHuW1I7Ai5LXVlXpENjsk'
const SCOPES = 'todo:read todo:write'

const isolate = makeIsolate({
  product: todos,
  deps: {
    fetch: (input, init) => fetch(input, init),
    nowMs: () => Date.now(),
    deadlines: { pingoneMs: 8000, apiMs: 10_000, toolMs: 25_000, documentMs: 4000, storageMs: 5000 },
  },
})

/** Does what `/callback` does after its checks. The claims are those of the access token. */
async function codeFor(call: Call, seed: SeedRequest, subject: string): Promise<string> {
  const { client, redirectUri, downstream } = seed
  const login = wireAuthorization(isolate, wireCutoffs(isolate), makePolicies(isolate)).login({
    ...isolate.partsOf(call.env),
    ...call,
  })
  const { config } = login
  const url = new URL('/authorize', config.publicOrigin)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: client,
    redirect_uri: redirectUri,
    scope: SCOPES,
    state: 'bench',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    resource: config.resource,
  }).toString()
  const approved = await login.oauth.parseAuthRequest(new Request(url))
  const exp = login.nowSeconds() + downstream.endsInSeconds
  const claims = AccessTokenClaims.parse({ ...decodeJwt(downstream.access), exp })
  const user = idTokenClaims(config.pingone.claims).parse({
    iss: config.pingone.issuer,
    sub: subject,
    sid: claims.sid,
    acr: 'bench',
    name: subject,
  })
  const tokens = { accessToken: downstream.access, refreshToken: downstream.refresh, claims }
  const opened = await openGrant(login, approved, { user, tokens })
  if (!opened.ok) throw new Error(`no grant: ${opened.error.reason}`)
  return new URL(opened.value).searchParams.get('code') ?? ''
}

async function redeem(
  { env, ctx }: Call,
  { client, redirectUri }: SeedRequest,
  code: string,
): Promise<unknown> {
  const { publicOrigin } = isolate.partsOf(env).config
  const request = new Request<unknown, IncomingRequestCfProperties>(`${publicOrigin}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: client,
      redirect_uri: redirectUri,
      code,
      code_verifier: VERIFIER,
    }),
  })
  const answer = await product.fetch(request, env, ctx)
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
  return answer.json()
}

interface Call {
  env: Env
  ctx: ExecutionContext
}

export default {
  async fetch(request, env, ctx): Promise<Response> {
    if (new URL(request.url).pathname !== '/bench/grants') return product.fetch(request, env, ctx)
    const seed = SeedRequest.parse(await request.json())
    const pairs: unknown[] = []
    for (const subject of seed.subjects) {
      pairs.push(await redeem({ env, ctx }, seed, await codeFor({ env, ctx }, seed, subject)))
    }
    return Response.json(pairs)
  },
} satisfies ExportedHandler<Env>
