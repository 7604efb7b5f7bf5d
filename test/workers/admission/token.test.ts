import { OAuthAuthorizationServer } from '@cloudflare/workers-oauth-provider'
import { env } from 'cloudflare:workers'
import { beforeEach, expect, test } from 'vitest'
import { readRootKeys } from '#lib/root-keys.ts'
import { grantKey } from '#users/grants/grant-records.ts'
import { makeUserId } from '#users/base/user-id.ts'
import { providerEnv, type ProviderEnv } from '#oauth-store/provider-storage.ts'
import { GrantDraft, kvStorage } from '#oauth-store/provider-storage.ts'
import { reachUser } from '#users/reach-user.ts'
import { ISSUER, ORIGIN, ROOT_KEYS } from '../settings.ts'
import { documents, registrations } from './real-clients.ts'
import { pkce, registered, serverWith } from './server.ts'
import { requestedUrls, clearInternet, publish } from './the-internet.ts'

const server = serverWith()
const { Claude: claude, ChatGPT: chatgpt } = documents
beforeEach(clearInternet)

const user = async (subject = 'ada', keys = ROOT_KEYS) => {
  const read = readRootKeys(keys, undefined)
  if (!read.ok) throw new Error(read.error)
  return makeUserId(read.value[0], ISSUER, subject)
}

const nowSeconds = () => Math.floor(Date.now() / 1000)

/** Stores a grant as a login does and returns its unredeemed code. */
async function codeFor(clientId: string, redirectUri: string): Promise<string> {
  const id = await user()
  const draft = new GrantDraft(kvStorage(env.OAUTH_KV, 1000), id, new Map(), nowSeconds)
  const library = new OAuthAuthorizationServer<ProviderEnv>({
    issuer: ORIGIN,
    resources: [`${ORIGIN}/mcp`],
    authorizeEndpoint: '/authorize',
    tokenEndpoint: '/token',
    clientIdMetadataDocumentEnabled: true,
  })
  const { redirectTo } = await library.getOAuthApi(providerEnv(env, draft)).completeAuthorization({
    request: {
      responseType: 'code',
      clientId,
      redirectUri,
      scope: ['todo:read'],
      state: 's',
      codeChallenge: pkce.challenge,
      codeChallengeMethod: 'S256',
      resource: `${ORIGIN}/mcp`,
      issuer: ORIGIN,
    },
    userId: id,
    metadata: {},
    scope: ['todo:read'],
    props: { openedAtSeconds: nowSeconds() },
    revokeExistingGrants: false,
  })
  const code = new URL(redirectTo).searchParams.get('code') ?? ''
  const grant = code.split(':')[1] ?? ''
  const record = draft.writes.get(grantKey(grant))
  if (record === undefined || record === null) throw new Error('no record of the grant')
  const reached = reachUser(env, id.split('.')[0] ?? '', { userMs: 1000, callMs: 1000 })
  await reached.openGrant({
    id: grant,
    record,
    client: clientId,
    shown: { name: 'Client', domain: null, redirectUri: 'http://localhost:33418/done' },
    userName: null,
    preferredUsername: null,
    pingOneSession: 'sid',
    downstreamScopes: ['todo:read'],
    accessToken: 'a token of PingOne',
    refreshToken: null,
    downstreamEndsAtSeconds: nowSeconds() + 3600,
    environment: null,
  })
  return code
}

const redeem = (client: string, code: string) =>
  server.token({ grant_type: 'authorization_code', client_id: client, code, code_verifier: pkce.verifier })
const refresh = (client: string, token: string) =>
  server.token({ grant_type: 'refresh_token', client_id: client, refresh_token: token })
const tokensOf = async (answer: Response) => {
  expect(answer.status).toBe(200)
  const { refresh_token: refreshToken, access_token: accessToken } = Object(await answer.json())
  return { refreshToken: String(refreshToken), accessToken: String(accessToken) }
}

test('a document that cannot be had is 503 at /token, and the grant is as it was', async () => {
  await publish(claude.client_id, claude)
  const code = await codeFor(claude.client_id, claude.redirect_uris[0] ?? '')
  const outages = [{ status: 500 }, { status: 403, body: '<html>' }, { body: 'not json' }, { status: 404 }]
  for (const outage of outages) {
    await publish(claude.client_id, outage)
    const answer = await redeem(claude.client_id, code)
    expect(answer.status).toBe(503)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await answer.json()).toMatchObject({ error: 'temporarily_unavailable' })
  }
  await publish(claude.client_id, claude)
  const { refreshToken } = await tokensOf(await redeem(claude.client_id, code))
  await publish(claude.client_id, { status: 500 })
  expect((await refresh(claude.client_id, refreshToken)).status).toBe(503)
  const revocation = { client_id: claude.client_id, token: refreshToken }
  expect((await server.token(revocation)).status).toBe(503)
  await publish(claude.client_id, claude)
  await tokensOf(await refresh(claude.client_id, refreshToken))
})

test('keys of a client that cannot be had are 503 as well', async () => {
  await publish(chatgpt.client_id, chatgpt)
  const code = await codeFor(chatgpt.client_id, chatgpt.redirect_uris[0] ?? '')
  const part = (value: object) => btoa(JSON.stringify(value)).replaceAll('=', '')
  const seconds = Math.floor(Date.now() / 1000)
  const claims = {
    iss: chatgpt.client_id,
    sub: chatgpt.client_id,
    aud: ORIGIN,
    exp: seconds + 60,
    jti: crypto.randomUUID(),
  }
  const answer = await server.token({
    grant_type: 'authorization_code',
    code,
    code_verifier: pkce.verifier,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: `${part({ alg: 'RS256', kid: 'k' })}.${part(claims)}.${part({ not: 'a signature' })}`,
  })
  expect(answer.status).toBe(503)
  expect(await requestedUrls()).toContain(chatgpt.jwks_uri)
  await tokensOf(await redeem(chatgpt.client_id, code))
})

test('a client that is no longer admitted gets no tokens; when it is again, its grant goes on', async () => {
  await publish(claude.client_id, claude)
  const code = await codeFor(claude.client_id, claude.redirect_uris[0] ?? '')
  const { refreshToken } = await tokensOf(await redeem(claude.client_id, code))
  const narrow = serverWith({ CLIENT_ADMISSION: 'listed', ALLOWED_REDIRECT_HOSTS: 'app.example.com' })
  const parameters = { grant_type: 'refresh_token', client_id: claude.client_id, refresh_token: refreshToken }
  expect((await narrow.token(parameters)).status).toBe(401)
  await tokensOf(await server.token(parameters))
})

test('the first tokens make a registration last', async () => {
  const client = await registered(await server.register(registrations['mcp-remote']))
  const endOf = async () => (await env.OAUTH_KV.list({ prefix: `client:${client}` })).keys[0]?.expiration ?? 0
  const now = Math.floor(Date.now() / 1000)
  const code = await codeFor(client, registrations['mcp-remote'].redirect_uris[0] ?? '')
  expect(await endOf()).toBeLessThanOrEqual(now + 3700)
  const { refreshToken } = await tokensOf(await redeem(client, code))
  expect(await endOf()).toBeGreaterThan(now + 89 * 86_400)
  await tokensOf(await refresh(client, refreshToken))
  expect(await endOf()).toBeGreaterThan(now + 89 * 86_400)
})

test('B3 Basic beside the same client_id is one method; another id, a second secret or an assertion is not', async () => {
  const metadata = { ...registrations['mcp-remote'], token_endpoint_auth_method: 'client_secret_basic' }
  const answer = await server.register(metadata)
  const { client_id: id, client_secret: secret } = Object(await answer.json())
  const basic = { authorization: `Basic ${btoa(`${id}:${secret}`)}` }
  const grant = { grant_type: 'authorization_code', code_verifier: pkce.verifier }
  const code = await codeFor(String(id), metadata.redirect_uris[0] ?? '')
  const conflicting: Record<string, string>[] = [
    { client_id: 'AAAAAAAAAAAAAAAA' },
    { client_id: String(id), client_secret: String(secret) },
    { client_secret: String(secret) },
    { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' },
  ]
  for (const more of conflicting) {
    const no = await server.token({ ...grant, code, ...more }, basic)
    expect([more, no.status, await no.json()]).toMatchObject([more, 400, { error: 'invalid_request' }])
  }
  const wrong = { authorization: `Basic ${btoa(`${id}:wrong`)}` }
  expect((await server.token({ ...grant, code, client_id: String(id) }, wrong)).status).toBe(401)
  const { refreshToken } = await tokensOf(
    await server.token({ ...grant, code, client_id: String(id) }, basic),
  )
  const again = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: String(id) }
  const { accessToken } = await tokensOf(await server.token({ ...again, client_secret: '' }, basic))
  const revoked = await server.token({ token: accessToken, client_id: String(id) }, basic)
  expect(revoked.status).toBe(200)
})

test('tokens and codes that we cannot have made are looked for nowhere', async () => {
  const client = await registered(await server.register(registrations['mcp-remote']))
  const lookups: string[] = []
  const watch = <T extends object>(binding: T): T =>
    new Proxy(binding, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          lookups.push(String(args[0]))
          return Reflect.apply(value, target, args)
        }
      },
    })
  const watched = serverWith({ OAUTH_KV: watch(env.OAUTH_KV), USER: watch(env.USER) })
  const tail = `:${'g'.repeat(16)}:${'s'.repeat(32)}`
  const foreign = await user('ada', `k1:${'B'.repeat(42)}A`)
  const own = await user()
  const madeUp = [
    'x',
    'x:y:z',
    `nobody${tail}`,
    `${foreign}${tail}`,
    `${own}:short:${'s'.repeat(32)}`,
    `${own}${tail}x`,
    'x'.repeat(2000),
  ]
  for (const token of madeUp) {
    const refreshed = await watched.token({
      grant_type: 'refresh_token',
      client_id: client,
      refresh_token: token,
    })
    expect(refreshed.status).toBe(400)
    expect(await refreshed.json()).toMatchObject({ error: 'invalid_grant' })
    const redeemed = await watched.token({ grant_type: 'authorization_code', client_id: client, code: token })
    expect(await redeemed.json()).toMatchObject({ error: 'invalid_grant' })
    const revoked = await watched.token({ client_id: client, token }, { origin: 'https://app.example' })
    expect(revoked.status).toBe(200)
    expect(revoked.headers.get('access-control-allow-origin')).toBe('https://app.example')
    const call = await watched.send('/mcp', { method: 'POST', headers: { authorization: `Bearer ${token}` } })
    expect(call.status).toBe(401)
  }
  expect(new Set(lookups)).toEqual(new Set([`client:${client}`]))
  // A token with a valid MAC is looked up.
  await watched.token({ grant_type: 'refresh_token', client_id: client, refresh_token: `${own}${tail}` })
  expect(lookups).toContain(own.split('.')[0])
})

test('a revocation that finds nothing counts: for its grant where there is one, else for the network', async () => {
  const counted: string[] = []
  const limit = async ({ key }: { key: string }) => ({ success: counted.push(key) < 100 })
  const counting = serverWith({ FAILURES: { limit } })
  const client = await registered(await counting.register(registrations['mcp-remote']))
  const code = await codeFor(client, registrations['mcp-remote'].redirect_uris[0] ?? '')
  const { refreshToken, accessToken } = await tokensOf(await redeem(client, code))
  const [id = '', grant = ''] = accessToken.split(':')
  const revoke = async (token: string) => {
    counted.length = 0
    expect((await counting.token({ client_id: client, token })).status).toBe(200)
    return counted
  }
  const secret = 's'.repeat(32)
  expect(await revoke(`${id}:${'g'.repeat(16)}:${secret}`)).toEqual(['network unknown'])
  expect(await revoke(`${id}:${grant}:${secret}`)).toEqual([`grant ${id}:${grant} unknown`])
  expect(await revoke(accessToken)).toEqual([])
  expect(await revoke(refreshToken)).toEqual([])
  expect(await revoke(refreshToken)).toEqual([`grant ${id}:${grant} unknown`])
  const full = serverWith({ FAILURES: { limit: async () => ({ success: false }) } })
  const madeUp = `${id}:${'h'.repeat(16)}:${secret}`
  expect((await full.token({ client_id: client, token: madeUp })).status).toBe(429)
})

test('a client that nobody knows hears just that, whatever it brings: so it registers again', async () => {
  const answer = await refresh('AAAAAAAAAAAAAAAA', 'x:y:z')
  expect(answer.status).toBe(401)
  expect(await answer.json()).toMatchObject({ error: 'invalid_client' })
})
