import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { expect, test, vi } from 'vitest'
import { Secret } from '#lib/secret.ts'
import type { PingOneSettings } from '#pingone/connection.ts'
import { CLIENT_ID, ISSUER, playPingOne, SECRETS } from './play-pingone.ts'

const keys = await generateKeyPair('RS256', { extractable: true })
const KEYS = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'RS256' }] }
const ENVIRONMENT = '0c24f3a0-0522-4f76-9bcf-89643029e3e0'
const document = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  jwks_uri: `${ISSUER}/jwks`,
}
const nowSeconds = () => Math.floor(Date.now() / 1000)

type Claims = Readonly<Record<string, unknown>>
const sign = (claims: Claims) =>
  new SignJWT({
    iss: ISSUER,
    sub: 'ada',
    sid: 'sid',
    acr: 'policy',
    iat: nowSeconds(),
    exp: nowSeconds() + 300,
    ...claims,
  })
    .setProtectedHeader({ alg: 'RS256', kid: 'k' })
    .sign(keys.privateKey)

const play = (
  settings: Partial<PingOneSettings>,
  changed: { id?: Claims; access?: Claims } = {},
  headers: Readonly<Record<string, string>> = {},
) =>
  playPingOne(
    { clientAuth: { method: 'client_secret_post', secret: new Secret('s') }, ...settings },
    async ({ path }) => {
      if (path === '/jwks') return Response.json(KEYS)
      const id = { aud: CLIENT_ID, nonce: SECRETS.nonce, ...changed.id }
      const access = { aud: 'https://todo.api.example', scope: 'todo:read', ...changed.access }
      const tokens = {
        token_type: 'Bearer',
        access_token: await sign(access),
        id_token: await sign(id),
        refresh_token: 'r',
      }
      return Response.json(tokens, { headers: { ...headers } })
    },
    document,
  )

const login = { redirectUri: 'https://mcp.example/callback', secrets: SECRETS }
async function finish(...played: Parameters<typeof play>) {
  const { client } = play(...played)
  const callback = new URL('https://mcp.example/callback?code=c&state=s')
  const signedIn = await client.exchangeCode({ ...login, callback })
  return signedIn.ok ? 'signed in' : `${signedIn.error.reason}: ${signedIn.error.detail}`
}

test.each([
  ['0f8fad5b-d9cb-469f-a165-70867728950e', '0f8fad5b-d9cb-469f-a165-70867728950e'],
  ['x'.repeat(65), undefined],
  ['two words', undefined],
])('a sign-in and a refresh that PingOne answers with the correlation id %s have %s', async (sent, read) => {
  const { client } = play({}, {}, { 'correlation-id': sent })
  const callback = new URL('https://mcp.example/callback?code=c&state=s')
  const signedIn = await client.exchangeCode({ ...login, callback })
  const renewed = await play({}, { id: { nonce: undefined } }, { 'correlation-id': sent }).client.refresh(
    'r',
    ['todo:read'],
    crypto.randomUUID(),
  )
  expect(signedIn.ok && [signedIn.value.correlation]).toEqual([read])
  expect(renewed.ok && [renewed.value.correlation]).toEqual([read])
})

test.each([
  ['id', 'sub'],
  ['id', 'sid'],
  ['id', 'acr'],
  ['access', 'sub'],
  ['access', 'sid'],
  ['access', 'acr'],
] as const)('an %s token without %s stands for no user', async (which, claim) => {
  expect(await finish({})).toBe('signed in')
  expect(await finish({}, { [which]: { [claim]: undefined } })).toMatch(/^not_trusted: /)
})

test('with a longest age, PingOne is asked for it and has to say when the user signed in', async () => {
  const settings = { maxAuthAgeSeconds: 3600 }
  const ago = (seconds: number) => ({ id: { auth_time: nowSeconds() - seconds } })
  const url = await play(settings).client.authorizationUrl({ ...login, state: 's', scopes: [] })
  expect(url.ok && url.value.searchParams.get('max_age')).toBe('3600')
  expect(await finish(settings, ago(3500))).toBe('signed in')
  // The clock tolerance is one minute.
  expect(await finish(settings, ago(3650))).toBe('signed in')
  expect(await finish(settings, ago(3670))).toMatch(/^not_trusted: /)
  expect(await finish(settings)).toMatch(/^not_trusted: /)
  expect(await finish(settings, { id: { auth_time: 'today' } })).toMatch(/^not_trusted: /)
})

test('without one, nothing is asked and an old sign-in is good', async () => {
  const url = await play({}).client.authorizationUrl({ ...login, state: 's', scopes: [] })
  expect(url.ok && url.value.searchParams.has('max_age')).toBe(false)
  expect(await finish({}, { id: { auth_time: 1 } })).toBe('signed in')
})

test('a user in very many groups signs in, and one in more than we read is told to the operator', async () => {
  const groups = (count: number) => ({
    groups: Array.from({ length: count }, (_, at) => `department-${at}-of-the-directory-with-a-long-name`),
  })
  for (const count of [800, 10_000]) expect(await finish({}, { id: groups(count) })).toBe('signed in')
  // The access token travels in a header on every API call, so it has a smaller limit.
  expect(await finish({}, { access: groups(800) })).toBe('signed in')
  const logSpy = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  expect(await finish({}, { id: groups(40_000) })).toMatch(
    /^oversized: the answer has more than 1048576 bytes$/,
  )
  expect(String(logSpy.mock.lastCall?.[0])).toContain(
    '"event":"pingone.answer-too-large","path":"/env/as/token","maxBytes":1048576',
  )
  expect(await finish({}, { access: groups(2000) })).toMatch(
    /^oversized: the access token has more than 65536/,
  )
  logSpy.mockRestore()
})

test('documents and keys that are too long are a lasting fault too, and an outage stays one', async () => {
  const logSpy = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const long = { padding: 'x'.repeat(300_000) }
  const settings = { clientAuth: { method: 'client_secret_post', secret: new Secret('s') } } as const
  const never = () => new Response('nothing was asked', { status: 500 })
  const discovery = playPingOne(settings, never, { ...document, ...long }).client
  expect(await discovery.isReachable()).toMatchObject({ ok: false, error: { reason: 'oversized' } })
  const keysTooLong = playPingOne(
    settings,
    async ({ path }) =>
      Response.json(
        path === '/jwks'
          ? { ...KEYS, ...long }
          : {
              token_type: 'Bearer',
              access_token: await sign({ aud: 'https://todo.api.example', scope: 'todo:read' }),
              id_token: await sign({ aud: CLIENT_ID, nonce: SECRETS.nonce }),
            },
      ),
    document,
  ).client
  const callback = new URL('https://mcp.example/callback?code=c&state=s')
  const refused = await keysTooLong.exchangeCode({ ...login, callback })
  expect(refused).toMatchObject({ ok: false, error: { reason: 'oversized' } })
  const down = playPingOne(settings, () => new Response('down', { status: 503 }), document).client
  expect(await down.exchangeCode({ ...login, callback })).toMatchObject({ error: { reason: 'unavailable' } })
  logSpy.mockRestore()
})

test('times with fractions are times, and a time that is text is none', async () => {
  const ends = nowSeconds() + 300.75
  expect(await finish({}, { id: { exp: ends, auth_time: nowSeconds() - 0.5 }, access: { exp: ends } })).toBe(
    'signed in',
  )
  expect(await finish({}, { id: { auth_time: String(nowSeconds()) } })).toMatch(/^not_trusted: /)
  expect(await finish({}, { access: { exp: String(ends) } })).toMatch(/^not_trusted: /)
})

test('a token of another environment is refused, whichever of the two it is', async () => {
  const named = { environments: { ofIssuer: ENVIRONMENT, accepted: [ENVIRONMENT] } }
  const custom = { environments: { ofIssuer: null, accepted: [ENVIRONMENT] } }
  const both = { id: { env: ENVIRONMENT }, access: { env: ENVIRONMENT } }
  expect([await finish(named), await finish(named, both), await finish(custom, both)]).toEqual(
    Array.from({ length: 3 }, () => 'signed in'),
  )
  for (const settings of [named, custom]) {
    expect(await finish(settings, { ...both, id: { env: 'another' } })).toBe('not_trusted: id token env')
    expect(await finish(settings, { ...both, access: { env: 'another' } })).toBe(
      'not_trusted: access token env',
    )
  }
  // A custom domain does not name the environment. Without the claim the token could come from any.
  expect(await finish(custom)).toBe('not_trusted: id token env')
})

test('a login that began at another issuer ends before anything of it is sent to this one', async () => {
  const { client, requests } = play({})
  const secrets = { ...SECRETS, issuer: 'https://auth.pingone.example/other/as' }
  const callback = new URL('https://mcp.example/callback?code=c&state=s')
  expect(await client.exchangeCode({ ...login, secrets, callback })).toMatchObject({
    error: { reason: 'misconfigured' },
  })
  expect(requests).toEqual([])
})
