import { expect, test } from 'vitest'
import { Secret } from '#lib/secret.ts'
import { playPingOne, SECRETS, type Sent } from './play-pingone.ts'

const clientAuth = { method: 'client_secret_post' as const, secret: new Secret('s3cret') }
const login = {
  redirectUri: 'https://mcp.example/signed-in',
  state: 'the-state',
  secrets: SECRETS,
  scopes: ['todo:read'],
  client: { name: 'Some client', host: 'app.example' },
}
const pushed = () => Response.json({ request_uri: 'urn:x:1', expires_in: 60 }, { status: 201 })
const withPar = (answer: (sent: Sent) => Response | Promise<Response>, document?: Record<string, unknown>) =>
  playPingOne({ clientAuth, par: true }, answer, document)

test('without PAR all goes through the browser, and nothing about the client does', async () => {
  const { client, requests } = playPingOne({ clientAuth }, pushed)
  const url = await client.authorizationUrl(login)
  if (!url.ok) throw new Error(url.error.detail)
  expect(requests).toEqual([])
  expect(url.value.searchParams.get('redirect_uri')).toBe(login.redirectUri)
  expect(url.value.searchParams.get('code_challenge_method')).toBe('S256')
  expect(url.value.href).not.toMatch(/mcp_client|Some|app\.example/)
})

test('with PAR the browser carries the client id and the name of the request, and nothing else', async () => {
  const { client, requests } = withPar(pushed)
  const url = await client.authorizationUrl(login)
  if (!url.ok) throw new Error(url.error.detail)
  expect(Object.fromEntries(url.value.searchParams)).toEqual({
    client_id: 'this-server',
    request_uri: 'urn:x:1',
  })
  const [sent] = requests
  expect(sent?.path).toBe('/par')
  expect(Object.fromEntries(sent?.form ?? [])).toMatchObject({
    client_secret: 's3cret',
    response_type: 'code',
    redirect_uri: login.redirectUri,
    scope: 'openid profile email todo:read',
    state: 'the-state',
    nonce: 'the-nonce',
    code_challenge_method: 'S256',
    acr_values: 'policy',
    mcp_client_name: 'Some client',
    mcp_client_host: 'app.example',
  })
  // The verifier belongs only in the token request (RFC 7636 §4.5).
  expect([...(sent?.form.values() ?? [])]).not.toContain(SECRETS.verifier)
})

test('a login of our own pages pushes no client', async () => {
  const { client, requests } = withPar(pushed)
  const { client: _client, ...own } = login
  await client.authorizationUrl(own)
  expect(requests[0]?.form.get('redirect_uri')).toBe(own.redirectUri)
  expect([...(requests[0]?.form.keys() ?? [])].filter((name) => name.startsWith('mcp_'))).toEqual([])
})

test.each([
  ['is down', () => new Response('CANARY', { status: 503 }), 'unavailable'],
  ['is busy', () => new Response('CANARY', { status: 429, headers: { 'retry-after': '7' } }), 'unavailable'],
  [
    'breaks off',
    () => {
      throw new TypeError('CANARY')
    },
    'unavailable',
  ],
  ['answers with a page', () => new Response('<h1>CANARY</h1>', { status: 201 }), 'unavailable'],
  ['answers without a request_uri', () => Response.json({ expires_in: 60 }, { status: 201 }), 'not_trusted'],
  ['knows no such client', () => denial(401, 'invalid_client'), 'misconfigured'],
  ['refuses the scopes', () => denial(400, 'invalid_scope'), 'misconfigured'],
  ['refuses the request', () => denial(400, 'CANARY of the tenant'), 'misconfigured'],
  ['says that something is spent', () => denial(400, 'invalid_grant'), 'dead'],
] as const)('a PingOne whose PAR %s gives a problem of our own words', async (_what, answer, reason) => {
  const url = await withPar(answer).client.authorizationUrl(login)
  expect(url).toMatchObject({ ok: false, error: { reason } })
  expect(JSON.stringify(url)).not.toContain('CANARY')
})

test('a busy PAR endpoint says how long to wait, whatever is in its body', async () => {
  const body = { error: 'temporarily_unavailable' }
  const busy = () => Response.json(body, { status: 429, headers: { 'retry-after': '7' } })
  expect(await withPar(busy).client.authorizationUrl(login)).toMatchObject({
    ok: false,
    error: { reason: 'unavailable', retryAfterSeconds: 7 },
  })
})

test('a PingOne without PAR is a matter of settings, and the request is not sent through the browser instead', async () => {
  const { metadata } = withPar(pushed)
  const { pushed_authorization_request_endpoint: _, ...without } = metadata
  const { client, requests } = withPar(pushed, without)
  expect(await client.authorizationUrl(login)).toEqual({
    ok: false,
    error: {
      reason: 'misconfigured',
      detail: 'discovery names no pushed_authorization_request_endpoint',
    },
  })
  expect(requests).toEqual([])
})

const denial = (status: number, error: string) =>
  Response.json({ error, error_description: 'CANARY' }, { status })
