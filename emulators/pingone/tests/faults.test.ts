import { beforeEach, expect, test } from 'vitest'
import {
  basic,
  loginForTokens,
  post,
  readJson,
  readState,
  refresh,
  resetEmulator,
  setSwitches,
} from './application.ts'
import { authorizeUrl, Browser, issuer, send } from './browser.ts'

beforeEach(resetEmulator)

const asked = { grant_type: 'client_credentials', scope: 'todo:read' }

test.each([
  ['503', 503, 'temporarily_unavailable'],
  ['500', 500, 'server_error'],
  ['invalid_client', 401, 'invalid_client'],
  ['invalid_grant', 400, 'invalid_grant'],
])('the token endpoint can fail with %s', async (fault, status, error) => {
  await setSwitches({ faults: { token: fault } })
  const response = await post('token', asked)
  expect([response.status, (await readJson(response))['error']]).toEqual([status, error])
})

test('a 429 says when to come back', async () => {
  await setSwitches({ faults: { token: '429' } })
  const response = await post('token', asked)
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '1'])
})

test('an answer can be HTML, broken JSON, or break off', async () => {
  await setSwitches({ faults: { token: 'html', jwks: 'malformed', userinfo: 'reset-like' } })
  const html = await post('token', asked)
  expect([html.status, html.headers.get('content-type')]).toEqual([502, 'text/html; charset=utf-8'])
  await expect((await send(`${issuer}/jwks`)).json()).rejects.toBeInstanceOf(SyntaxError)
  await expect((await send(`${issuer}/userinfo`)).text()).rejects.toBeInstanceOf(Error)
})

test('an answer can be a redirect that keeps the method, to where a follower is counted', async () => {
  await setSwitches({ faults: { token: 'redirect' } })
  const response = await post('token', asked)
  expect([response.status, response.headers.get('location')]).toEqual([307, './userinfo'])
})

test('every endpoint that can have a fault has it', async () => {
  const names = [
    'discovery',
    'jwks',
    'authorize',
    'par',
    'token',
    'userinfo',
    'introspect',
    'revoke',
    'signoff',
  ]
  await setSwitches({ faults: Object.fromEntries(names.map((name) => [name, '503'])) })
  for (const path of ['.well-known/openid-configuration', 'jwks', 'userinfo', 'signoff']) {
    expect((await send(`${issuer}/${path}`)).status).toBe(503)
  }
  for (const path of ['par', 'token', 'introspect', 'revoke']) expect((await post(path, {})).status).toBe(503)
  expect((await new Browser().visit(await authorizeUrl())).status).toBe(503)
})

test('a fault changes nothing: the refresh token works when it is over', async () => {
  const { refreshToken } = await loginForTokens()
  await setSwitches({ faults: { token: '503' } })
  expect((await refresh(refreshToken)).status).toBe(503)
  await setSwitches({ faults: { token: null } })
  expect((await refresh(refreshToken)).status).toBe(200)
})

test.each([
  ['hang', 0],
  ['lost', 1],
])(
  'a request that meets %s holds no other up, is counted, and is done %i times',
  async (fault, rotations) => {
    const { refreshToken = '' } = await loginForTokens()
    await setSwitches({ faults: { token: fault } })
    const impatience = new AbortController()
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken })
    const init = { method: 'POST', body, headers: { authorization: basic }, signal: impatience.signal }
    const hanging = send(`${issuer}/token`, init).then(
      () => 'answered',
      () => 'given up',
    )
    await expect.poll(async () => (await readState())['counts']).toMatchObject({ token: 2 })
    expect((await send(`${issuer}/jwks`)).status).toBe(200)
    await expect.poll(async () => (await readState())['families']).toMatchObject([{ rotations }])
    impatience.abort()
    expect(await hanging).toBe('given up')
  },
)

test('a slow answer is the right answer', async () => {
  await setSwitches({ faults: { token: 'slow' }, slowMs: 5 })
  const response = await post('token', asked)
  expect(response.status).toBe(200)
  expect(response.headers.has('x-emulator-mishap')).toBe(false)
  expect(await readJson(response)).toHaveProperty('access_token')
})
