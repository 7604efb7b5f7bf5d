import { beforeEach, expect, test } from 'vitest'
import {
  basic,
  decode,
  loginForTokens,
  post,
  readJson,
  readState,
  refresh,
  resetEmulator,
  setSwitches,
  verify,
} from './application.ts'
import { authorizeUrl, Browser, clientId, clientSecret, environment, origin, send } from './browser.ts'

beforeEach(resetEmulator)

const control = (path: string, init: RequestInit = {}): Promise<Response> =>
  send(`${origin}/__emulator/${path}`, { method: 'POST', ...init })

test.each([
  'http://evil.example:8789',
  'http://localhost.evil.example',
  'http://10.0.0.1:8789',
  'http://1270.0.0.1.nip.io',
])('a request to %s is misdirected', async (elsewhere) => {
  for (const path of ['/__emulator', '/__emulator/health', `/${environment}/as/jwks`]) {
    const response = await send(elsewhere + path)
    expect([response.status, await response.text()]).toEqual([421, ''])
  }
})

test.each(['http://127.0.0.1:8789', 'http://[::1]:8789', 'http://127.8.9.10'])(
  '%s is loopback',
  async (here) => {
    expect(await readJson(await send(`${here}/__emulator/health`))).toEqual({ ok: true, runId: 'vitest' })
  },
)

test.each([
  ['sec-fetch-site', 'cross-site'],
  ['sec-fetch-site', 'same-site'],
  ['origin', 'http://localhost:8787'],
  ['origin', 'null'],
])('a page of another origin cannot use the controls (%s: %s)', async (name, value) => {
  for (const path of ['switches', 'rotate-keys', 'end-sessions', 'groups', 'reset']) {
    expect((await control(path, { headers: { [name]: value } })).status).toBe(403)
  }
})

test('the control page itself may', async () => {
  const headers = { origin, 'sec-fetch-site': 'same-origin' }
  expect((await control('reset', { headers })).status).toBe(200)
})

test('a new key signs at once and the old one stays in the JWKS, unless it is dropped', async () => {
  const before = await loginForTokens()
  await control('rotate-keys')
  const after = await loginForTokens()
  await verify(before.idToken, clientId)
  await verify(after.idToken, clientId)
  await control('rotate-keys?drop=1')
  await expect(verify(after.idToken, clientId)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
  await verify((await loginForTokens()).idToken, clientId)
})

test('ending the sessions of one user leaves the other user', async () => {
  const ada = await loginForTokens()
  const bob = await loginForTokens({}, { username: 'bob' })
  expect(await readJson(await control('end-sessions', { body: '{"username":"ada"}' }))).toEqual({ ended: 1 })
  expect((await refresh(ada.refreshToken)).error).toBe('invalid_grant')
  const kept = await refresh(bob.refreshToken)
  expect(kept.status).toBe(200)
  expect(await readJson(await control('end-sessions'))).toEqual({ ended: 1 })
  expect((await refresh(kept.refreshToken)).error).toBe('invalid_grant')
  expect((await control('end-sessions', { body: '{"name":"ada"}' })).status).toBe(400)
})

const setGroups = (body: unknown) => control('groups', { body: JSON.stringify(body) })

test('a user can be taken out of a group and put into others, until a reset', async () => {
  const groups = async () => decode((await loginForTokens({}, { username: 'grace' })).idToken)['groups']
  expect(await readJson(await setGroups({ username: 'Grace', groups: [] }))).toMatchObject({
    groups: { grace: [], mary: ['mcp-auditors'] },
  })
  expect(await groups()).toBeUndefined()
  const body = new URLSearchParams({ username: 'grace', groups: 'finance, of many words' })
  expect((await control('groups', { body })).status).toBe(303)
  expect(await groups()).toEqual(['finance', 'of many words'])
  await control('reset')
  expect(await groups()).toEqual(['mcp-operators', 'mcp-policy-editors'])
})

test('a user can have groups before the registration, and they show at the next refresh', async () => {
  const browser = new Browser()
  await setGroups({ username: 'kay', groups: ['early'] })
  const signOn = await browser.visit(await authorizeUrl())
  const form = await browser.visit(/href="([^"]*register[^"]*)"/.exec(signOn.text)?.[1] ?? '')
  await browser.submit(form, [
    ['username', 'kay'],
    ['email', 'kay@example.com'],
    ['password', 'secret'],
  ])
  const { idToken, refreshToken } = await loginForTokens({}, { browser, username: 'kay' })
  expect(decode(idToken)['groups']).toEqual(['early'])
  await setGroups({ username: 'kay', groups: ['late'] })
  expect(decode((await refresh(refreshToken)).idToken)['groups']).toEqual(['late'])
})

test.each([
  {},
  { username: 'grace' },
  { username: '', groups: [] },
  { username: 'grace', groups: 'mcp-operators' },
  { username: 'grace', groups: [42] },
  { username: 'grace', groups: [], role: 'auditor' },
])('a change of groups without a user and a list is refused: %j', async (body) => {
  expect((await setGroups(body)).status).toBe(400)
  expect(await readState()).toMatchObject({ groups: { grace: ['mcp-operators', 'mcp-policy-editors'] } })
})

const setClaims = (body: unknown) => control('claims', { body: JSON.stringify(body) })

test('claims of attribute mappings are in the id token of a login and of a refresh, as they are then', async () => {
  const claims = { department: 'north', levels: [1, 2] }
  expect(await readJson(await setClaims({ username: 'Grace', claims }))).toEqual({
    claims: { grace: claims },
  })
  const { idToken, refreshToken } = await loginForTokens({}, { username: 'grace' })
  expect(decode(idToken)).toMatchObject({ ...claims, groups: ['mcp-operators', 'mcp-policy-editors'] })
  await setClaims({ username: 'grace', claims: { department: 'south' } })
  const renewed = await refresh(refreshToken)
  expect(decode(renewed.idToken)).toMatchObject({
    department: 'south',
    groups: ['mcp-operators', 'mcp-policy-editors'],
  })
  expect(decode(renewed.idToken)).not.toHaveProperty('levels')
  // It is unknown whether PingOne repeats them.
  await setSwitches({ refreshIdToken: 'without-mapped' })
  const bare = await refresh(renewed.refreshToken)
  expect(decode(bare.idToken)).toMatchObject({ sub: expect.any(String), sid: expect.any(String) })
  for (const name of ['department', 'groups']) expect(decode(bare.idToken)).not.toHaveProperty(name)
  await setSwitches({ refreshIdToken: 'missing' })
  expect((await refresh(bare.refreshToken)).idToken).toBeUndefined()
})

test.each([
  {},
  { username: 'grace' },
  { username: '', claims: {} },
  { username: 'grace', claims: ['department'] },
  { username: 'grace', claims: { sub: 'another' } },
  { username: 'grace', claims: {}, role: 'auditor' },
])('claims without a user, or those of OpenID, are refused: %j', async (body) => {
  expect((await setClaims(body)).status).toBe(400)
  expect(await readState()).toMatchObject({ claims: {} })
})

test('requests are counted by endpoint and token requests by grant type', async () => {
  const { refreshToken } = await loginForTokens()
  await refresh(refreshToken)
  await post('token', {}, {})
  const { counts, grants } = await readState()
  expect(counts).toMatchObject({ authorize: 1, signon: 3, consent: 1, resume: 1, token: 3, jwks: 0 })
  expect(grants).toEqual({ authorization_code: 1, refresh_token: 1, client_credentials: 0 })
})

test('parallel requests are counted exactly', async () => {
  await Promise.all(Array.from({ length: 20 }, () => send(`/${environment}/as/jwks`)))
  expect((await readState())['counts']).toMatchObject({ jwks: 20 })
})

test('the timeline says what was asked and answered, and gives no secret away', async () => {
  const browser = new Browser()
  await browser.visit(await authorizeUrl({ mcp_client_name: 'Inspector', my_token: 'extra-secret' }))
  const { idToken = '', accessToken, refreshToken = '' } = await loginForTokens({}, { browser })
  await post('revoke', { token: refreshToken })
  const state = JSON.stringify(await readState())
  expect(state).toContain('"mcp_client_name":"Inspector"')
  expect(state).toContain('"username":"ada"')
  expect(state).toContain('"code_verifier":"(hidden)"')
  const secrets = [
    idToken,
    accessToken,
    refreshToken,
    clientSecret,
    basic,
    'extra-secret',
    'demo',
    'the-state',
    'the-nonce',
  ]
  for (const secret of secrets) expect(state).not.toContain(secret)
  const page = await (await send('/__emulator')).text()
  for (const secret of secrets.slice(0, 6)) expect(page).not.toContain(secret)
})

test('the timeline keeps the last 200 requests, newest first, and what strangers write is escaped', async () => {
  for (let number = 0; number < 201; number += 1) await send(`/${environment}/as/jwks`)
  await send(await authorizeUrl({ extra: '<script>' }))
  const { timeline } = await readState()
  expect(timeline).toHaveLength(200)
  expect(timeline).toHaveProperty('0.asked.extra', '<script>')
  expect(timeline).toHaveProperty('199.endpoint', 'jwks')
  const page = await (await send('/__emulator')).text()
  expect(page).toContain('extra=&lt;script&gt;')
  expect(page).not.toContain('<script>')
})

test('a reset forgets everything but the keys', async () => {
  await loginForTokens()
  await setSwitches({ typ: 'none' })
  const { keys } = await readState()
  await control('reset')
  const after = await readState()
  expect(after).toMatchObject({
    sessions: [],
    families: [],
    consents: [],
    timeline: [],
    switches: { typ: 'JWT' },
    keys,
  })
  expect(after['counts']).toMatchObject({ token: 0 })
})
