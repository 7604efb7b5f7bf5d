import { beforeEach, expect, test } from 'vitest'
import {
  codeOf,
  decode,
  login,
  loginForTokens,
  redeem,
  resetEmulator,
  setSwitches,
  verify,
} from './application.ts'
import { authorizeUrl, Browser, clientId, environment, issuer, policyId } from './browser.ts'

beforeEach(resetEmulator)

test('a user signs on, allows both scopes, and the application gets tokens that verify', async () => {
  const browser = new Browser()
  const signOn = await browser.visit(await authorizeUrl())
  expect(signOn.url.pathname).toBe(`/${environment}/signon/`)
  const consent = await browser.signOn(signOn, 'ada')
  expect(consent.text).toContain('value="todo:write" checked')
  const callback = (await browser.consent(consent, 'allow')).url
  expect([...callback.searchParams.keys()]).toEqual(['code', 'state'])
  expect(callback.searchParams.get('state')).toBe('the-state')
  const tokens = await redeem(codeOf(callback))
  expect(tokens.status).toBe(200)
  expect(tokens.scope).toBe('openid profile email todo:read todo:write')
  expect(tokens.refreshToken).toMatch(/^[A-Za-z0-9_-]{43}$/)
  const id = await verify(tokens.idToken, clientId)
  const access = await verify(tokens.accessToken, 'todo-api')
  expect(id).toMatchObject({
    aud: clientId,
    nonce: 'the-nonce',
    acr: policyId,
    amr: ['pwd'],
    env: environment,
    name: 'Ada Lovelace',
    given_name: 'Ada',
    family_name: 'Lovelace',
    preferred_username: 'ada',
    email: 'ada@example.com',
    'p1.region': 'NA',
  })
  expect(id).not.toHaveProperty('groups')
  expect(access).toMatchObject({
    aud: ['todo-api'],
    scope: 'todo:read todo:write',
    client_id: clientId,
    iss: issuer,
    acr: policyId,
    env: environment,
    org: id['org'],
    sub: id.sub,
    sid: id['sid'],
    auth_time: id['auth_time'],
    'p1.userId': id.sub,
  })
  expect(Object.keys(access).toSorted()).toEqual(
    'acr aud auth_time client_id env exp iat iss jti org p1.userId scope sid sub'.split(' '),
  )
})

test.each([
  ['grace', ['mcp-operators', 'mcp-policy-editors']],
  ['alan', ['mcp-approvers']],
  ['edsger', ['finance', 'mcp-policy-editors']],
  ['mary', ['mcp-auditors']],
])('%s is in the groups %j, and the profile follows the scopes', async (username, groups) => {
  const claims = decode((await loginForTokens({ scope: 'openid' }, { username })).idToken)
  expect(claims['groups']).toEqual(groups)
  expect(claims).not.toHaveProperty('email')
  expect(claims).not.toHaveProperty('name')
})

test('a token without API scopes is for the own API of PingOne, and nobody is asked for consent', async () => {
  const browser = new Browser()
  const back = await browser.signOn(await browser.visit(await authorizeUrl({ scope: 'openid' })), 'ada')
  const tokens = await redeem(codeOf(back.url))
  expect(decode(tokens.accessToken).aud).toEqual(['https://api.pingone.com'])
})

test('a wrong password is told on the page and the form still works', async () => {
  const browser = new Browser()
  const refused = await browser.signOn(await browser.visit(await authorizeUrl()), 'ada', 'wrong')
  expect(refused.text).toContain('Username or password is not right.')
  expect((await browser.signOn(refused, 'ADA')).text).toContain('Allow access?')
})

test('a denial goes back to the application as access_denied with a correlation id', async () => {
  const browser = new Browser()
  const consent = await browser.signOn(await browser.visit(await authorizeUrl()), 'ada')
  const { searchParams } = (await browser.consent(consent, 'deny')).url
  expect(searchParams.get('error')).toBe('access_denied')
  expect(searchParams.get('error_description')).toMatch(/ \(Correlation ID: [0-9a-f-]{36}\)$/)
  expect(searchParams.get('state')).toBe('the-state')
  expect(searchParams.has('code')).toBe(false)
})

test('allowing nothing is a denial', async () => {
  const browser = new Browser()
  const consent = await browser.signOn(await browser.visit(await authorizeUrl()), 'ada')
  expect((await browser.consent(consent, 'allow', [])).url.searchParams.get('error')).toBe('access_denied')
})

test('fewer boxes ticked are fewer scopes in the token, and the user is asked again for the rest', async () => {
  const browser = new Browser()
  const consent = await browser.signOn(await browser.visit(await authorizeUrl()), 'ada')
  const tokens = await redeem(codeOf((await browser.consent(consent, 'allow', ['todo:read'])).url))
  expect(decode(tokens.accessToken)['scope']).toBe('todo:read')
  expect(tokens.scope).toBe('openid profile email todo:read')
  expect((await browser.visit(await authorizeUrl())).text).toContain('Allow access?')
})

test('a scope that was not asked for cannot be ticked into the token', async () => {
  const browser = new Browser()
  const asked = await authorizeUrl({ scope: 'openid todo:read' })
  const consent = await browser.signOn(await browser.visit(asked), 'ada')
  const back = await browser.consent(consent, 'allow', ['todo:read', 'todo:write'])
  expect(decode((await redeem(codeOf(back.url))).accessToken)['scope']).toBe('todo:read')
})

test('the second login in the same browser shows no page and keeps the session', async () => {
  const browser = new Browser()
  const first = await loginForTokens({}, { browser })
  const second = await browser.visit(await authorizeUrl())
  expect(decode((await redeem(codeOf(second.url))).idToken)['sid']).toBe(decode(first.idToken)['sid'])
})

test('a remembered consent is not used when the switch forgets it', async () => {
  const browser = new Browser()
  await login({}, { browser })
  await setSwitches({ rememberConsent: false })
  expect((await browser.visit(await authorizeUrl())).text).toContain('Allow access?')
})

test('prompt=login and max_age=0 ask for the password again, in the same session', async () => {
  const browser = new Browser()
  const first = decode((await loginForTokens({}, { browser })).idToken)
  expect((await browser.visit(await authorizeUrl({ max_age: '0' }))).text).toContain('<h1>Sign on</h1>')
  const again = await browser.visit(await authorizeUrl({ prompt: 'login' }))
  expect(again.text).toContain('<h1>Sign on</h1>')
  const back = await browser.signOn(again, 'ada')
  expect(decode((await redeem(codeOf(back.url))).idToken)['sid']).toBe(first['sid'])
})

test('prompt=none needs a session and a consent, else login_required', async () => {
  const browser = new Browser()
  const silent = await authorizeUrl({ prompt: 'none' })
  expect((await browser.visit(silent)).url.searchParams.get('error')).toBe('login_required')
  await login({}, { browser })
  expect((await browser.visit(silent)).url.searchParams.has('code')).toBe(true)
})
