import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  askTokens,
  basic,
  codeOf,
  decode,
  login,
  loginForTokens,
  post,
  readJson,
  redeem,
  refresh,
  resetEmulator,
  verify,
} from './application.ts'
import { clientId, clientSecret, issuer, redirectUri, send, verifier } from './browser.ts'

beforeEach(resetEmulator)
afterEach(() => {
  vi.useRealTimers()
})

/** Moves the clock of the emulator. */
const later = (seconds: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
}

test.each([
  ['the verifier', { code_verifier: 'another-verifier-of-the-length-that-the-rfc-asks' }],
  ['the redirect_uri', { redirect_uri: 'https://mcp.example.test/callback' }],
])('a code is refused when %s is not the one it was made for, and is gone', async (_, changes) => {
  const code = codeOf(await login())
  const refused = await redeem(code, changes)
  expect([refused.status, refused.error]).toEqual([400, 'invalid_grant'])
  expect(refused.description).toMatch(/ \(Correlation ID: [0-9a-f-]{36}\)$/)
  expect((await redeem(code)).error).toBe('invalid_grant')
})

test('every answer names its correlation id in a header', async () => {
  const { refreshToken } = await loginForTokens()
  const fields = { grant_type: 'refresh_token', refresh_token: refreshToken ?? '' }
  const given = await post('token', fields)
  expect([given.status, given.headers.get('correlation-id')]).toEqual([
    200,
    expect.stringMatching(/^[0-9a-f-]{36}$/),
  ])
  const refused = await post('token', { ...fields, refresh_token: 'another' })
  const { error_description: description } = await readJson(refused)
  expect(description).toContain(`(Correlation ID: ${refused.headers.get('correlation-id')})`)
})

test('a code used twice is refused and ends what the first use gave', async () => {
  const code = codeOf(await login())
  const first = await redeem(code)
  expect((await redeem(code)).error).toBe('invalid_grant')
  expect((await refresh(first.refreshToken)).error).toBe('invalid_grant')
})

test('of two parallel uses of one code one gets tokens', async () => {
  const code = codeOf(await login())
  const both = await Promise.all([redeem(code), redeem(code)])
  expect(both.filter(({ status }) => status === 200)).toHaveLength(1)
  expect(both.filter(({ error }) => error === 'invalid_grant')).toHaveLength(1)
})

test('a code lives a minute', async () => {
  const code = codeOf(await login())
  later(61)
  expect((await redeem(code)).error).toBe('invalid_grant')
})

test('a token of client credentials is of nobody', async () => {
  const tokens = await askTokens({ grant_type: 'client_credentials', scope: 'todo:read' })
  const claims = await verify(tokens.accessToken, 'todo-api')
  for (const claim of ['sub', 'sid', 'acr', 'auth_time', 'p1.userId'])
    expect(claims).not.toHaveProperty(claim)
  expect(claims['p1.rid']).toBe(claims.jti)
  expect(tokens.refreshToken).toBeUndefined()
})

test('userinfo answers a token for the API, and refuses one without a user', async () => {
  const ask = (token: string) => send(`${issuer}/userinfo`, { headers: { authorization: `Bearer ${token}` } })
  const tokens = await loginForTokens({}, { username: 'grace' })
  const { sub } = decode(tokens.idToken)
  expect(await readJson(await ask(tokens.accessToken))).toMatchObject({ sub, name: 'Grace Hopper' })
  const own = await askTokens({ grant_type: 'client_credentials', scope: 'todo:read' })
  const refused = await ask(own.accessToken)
  expect([refused.status, (await readJson(refused))['code']]).toEqual([403, 'ACCESS_FAILED'])
  expect((await ask('nonsense')).status).toBe(401)
})

test('introspection knows a token until it is revoked, and revoking a refresh token ends the family', async () => {
  const { accessToken, refreshToken = '' } = await loginForTokens()
  const isActive = async (token: string) => (await readJson(await post('introspect', { token })))['active']
  expect([await isActive(accessToken), await isActive(refreshToken), await isActive('x')]).toEqual([
    true,
    true,
    false,
  ])
  expect((await post('revoke', { token: accessToken })).status).toBe(200)
  expect((await post('revoke', { token: refreshToken, token_type_hint: 'refresh_token' })).status).toBe(200)
  expect((await post('revoke', { token: 'unknown' })).status).toBe(200)
  expect([await isActive(accessToken), await isActive(refreshToken)]).toEqual([false, false])
  expect((await refresh(refreshToken)).error).toBe('invalid_grant')
})

test.each([
  ['no authentication', {}, {}],
  ['a wrong secret', { authorization: `Basic ${btoa(`${clientId}:wrong`)}` }, {}],
  ['something that is no Basic', { authorization: 'Basic ***' }, {}],
  ['the other method', {}, { client_id: clientId, client_secret: clientSecret }],
  ['two methods at once', { authorization: basic }, { client_id: clientId, client_secret: clientSecret }],
])('%s is a 401 at every endpoint of the application', async (_, headers: Record<string, string>, fields) => {
  for (const endpoint of ['token', 'par', 'introspect', 'revoke']) {
    const response = await post(
      endpoint,
      { grant_type: 'client_credentials', token: 'x', ...fields },
      headers,
    )
    expect([response.status, (await readJson(response))['error']]).toEqual([401, 'invalid_client'])
  }
})

test('a grant type we have not, a missing parameter and a body that is no form are refused', async () => {
  expect((await askTokens({ grant_type: 'password' })).error).toBe('unsupported_grant_type')
  expect((await askTokens({ grant_type: 'authorization_code', code: 'x' })).error).toBe('invalid_request')
  const headers = { authorization: basic, 'content-type': 'application/json' }
  const response = await send(`${issuer}/token`, { method: 'POST', body: '{}', headers })
  expect((await readJson(response))['error']).toBe('invalid_request')
  expect(
    (await send(`${issuer}/token?code=x&redirect_uri=${redirectUri}&code_verifier=${verifier}`)).status,
  ).toBe(405)
})
