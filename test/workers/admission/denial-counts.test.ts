import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, expect, test } from 'vitest'
import { answerAuthorizationError } from '#authorization/login/refuse-login.ts'
import { decideConsent } from '#authorization/login/decide-consent.ts'
import { finishLogin } from '#authorization/login/finish-login.ts'
import { registerClient } from '#authorization/clients/register-client.ts'
import { showConsent } from '#authorization/login/show-consent.tsx'
import { answerTokenRequest } from '#authorization/token/token-request.ts'
import { type DenialCount, denialCounts } from '#events/denial-count.ts'
import { Failures } from '#limits/failures.ts'
import { limitBearer } from '#mcp/edge/guard-request.ts'
import { todos } from '#todos/index.ts'
import { finishOwnSignIn } from '#sign-in/own-sign-in.ts'
import { wireAccount } from '#wiring/account.ts'
import { wireAudit } from '#wiring/audit.ts'
import { wireAuthorization } from '#wiring/authorization.ts'
import { wireCutoffs } from '#wiring/cutoffs.ts'
import { type Call, makeIsolate } from '#wiring/isolate.ts'
import { wireMcp } from '#wiring/mcp.ts'
import { makePolicies } from '#wiring/policy.ts'
import { handleIn } from '../oauth-client.ts'
import { ORIGIN, REDIRECT_URI } from '../settings.ts'
import { userNamed, random } from '../stored-bearer.ts'
import { authorizeFields, cookiesOf, registration } from '../wire.ts'
import { registered } from './server.ts'
import { clearInternet } from './the-internet.ts'

// Each refused request that belongs to no user is counted once, by its reason.

const counted: DenialCount[] = []
beforeEach(() => {
  counted.splice(0)
  return clearInternet()
})
const countDenial = (reason: DenialCount) => void counted.push(reason)

const made = makeIsolate({
  product: todos,
  deps: {
    fetch: (input, init) => fetch(input, init),
    nowMs: () => Date.now(),
    deadlines: { pingoneMs: 8000, apiMs: 10_000, toolMs: 25_000, documentMs: 4000, storageMs: 5000 },
  },
})
const isolate = { ...made, denialCounter: () => countDenial }
const call: Call = { ...isolate.partsOf(env), env, ctx: createExecutionContext() }
const cutoffs = wireCutoffs(isolate)
const policies = makePolicies(isolate)
const { login, tokenRun, registrar } = wireAuthorization(isolate, cutoffs, policies)
const account = wireAccount(isolate)
const { answerByResource } = wireMcp(isolate, wireAudit(isolate), cutoffs, policies)

const requestOf = (path: string, init?: RequestInit) => new Request(`${ORIGIN}${path}`, init)
const formOf = (fields: Record<string, string>, cookie = '') => ({
  method: 'POST',
  headers: { origin: ORIGIN, 'sec-fetch-site': 'same-origin', cookie },
  body: new URLSearchParams(fields),
})

/** As a route answers, with the errors of the OAuth library. */
async function answered(work: Promise<Response>): Promise<Response> {
  try {
    return await work
  } catch (error) {
    const answer = answerAuthorizationError(call.config, error, countDenial)
    if (answer === null) throw error
    return answer
  }
}
const authorize = (client: string, redirectUri = REDIRECT_URI, more: Record<string, string> = {}) => {
  const query = new URLSearchParams({ ...authorizeFields(client, redirectUri), ...more }).toString()
  return answered(showConsent(requestOf(`/authorize?${query}`), login(call)))
}
const decide = (fields: Record<string, string>, cookie: string) =>
  answered(decideConsent(requestOf('/authorize', formOf(fields, cookie)), login(call)))
const register = (body: string) =>
  registerClient(
    requestOf('/register', { method: 'POST', headers: { 'content-type': 'application/json' }, body }),
    { ...call, countDenial },
    registrar(call),
  )
const token = (fields: Record<string, string>) =>
  answerTokenRequest(
    requestOf('/token', { method: 'POST', body: new URLSearchParams(fields) }),
    { ...login(call), failures: call.failures },
    tokenRun(call),
  )
const client = async () => registered(await register(registration().body))
const mcp = (bearer: string) => {
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' }
  return answerByResource(call, requestOf('/mcp', { method: 'POST', headers, body: '{}' }))
}

async function consent(decision: string) {
  const page = await authorize(await client())
  return decide({ handle: handleIn(await page.text()) ?? '', decision }, cookiesOf(page))
}

const signedIn = (request: Request) => finishOwnSignIn(request, () => null, account(call))

const grantOfNobody = async () => `${(await userNamed(random(12))).id}:${random(16)}:${random(32)}`
const refresh = (client_id: string, refresh_token: string) =>
  token({ grant_type: 'refresh_token', client_id, refresh_token })

test.for<[DenialCount, number, () => Promise<Response>]>([
  ['client.not-admitted', 403, () => authorize('https://evil.example/oauth/client.json')],
  ['client.unknown', 400, () => authorize('x'.repeat(16))],
  ['authorize.invalid', 400, async () => authorize(await client(), 'http://127.0.0.1:9/other')],
  ['authorize.invalid', 302, async () => authorize(await client(), REDIRECT_URI, { code_challenge: '' })],
  ['authorize.invalid', 400, () => answered(finishLogin(requestOf('/callback?code=x&state=y'), login(call)))],
  ['consent.denied', 200, () => consent('deny')],
  ['consent.left', 200, () => consent('leave')],
  ['sign-in.not_ours', 400, () => signedIn(requestOf('/signed-in?code=x&state=y'))],
  ['bearer.not-ours', 401, () => mcp('not-a-token')],
  ['bearer.unknown', 401, async () => mcp(await grantOfNobody())],
  ['token.invalid', 400, () => token({ grant_type: 'refresh_token', refresh_token: 'a', code: 'b' })],
  ['token.client-not-admitted', 401, () => refresh('https://evil.example/oauth/client.json', 'x')],
  ['token.not-ours', 400, async () => refresh(await client(), 'not-a-token')],
  ['token.refused', 400, async () => refresh(await client(), await grantOfNobody())],
  ['token.refused', 401, async () => token({ grant_type: 'client_credentials', client_id: 'x'.repeat(16) })],
  ['registration.invalid', 400, () => register('[]')],
  ['registration.not-admitted', 400, () => register(registration('https://evil.example/cb').body)],
])('%s, answered %i', async ([reason, status, ask]) => {
  expect((await ask()).status).toBe(status)
  expect(counted).toEqual([reason])
})

test('what succeeds is not counted', async () => {
  expect((await authorize(await client())).status).toBe(200)
  expect(counted).toEqual([])
})

test('a network that fails too often is counted when it is limited', async () => {
  const failures = new Failures({ limit: async () => ({ success: false }) }, () => Date.now())
  const answer = await limitBearer(
    requestOf('/mcp', { method: 'POST', headers: { authorization: 'Bearer x' } }),
    { failures, isRetired: () => false, countDenial },
    async () => new Response(null, { status: 401 }),
  )
  expect(answer.status).toBe(429)
  expect(counted).toEqual(['network.limited'])
})

test('the list of reasons is short and has no reason twice', () => {
  expect(denialCounts.length).toBeLessThanOrEqual(50)
  expect(new Set(denialCounts).size).toBe(denialCounts.length)
})
