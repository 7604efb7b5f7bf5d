import { beforeEach, expect, test } from 'vitest'
import { codeOf, decode, post, readJson, redeem, resetEmulator, setSwitches } from './application.ts'
import {
  authorizeParameters,
  authorizeUrl,
  Browser,
  clientId,
  issuer,
  policyId,
  redirectUri,
  send,
} from './browser.ts'

beforeEach(resetEmulator)

test.each([
  ['another client', { client_id: 'stranger' }],
  ['no redirect_uri', { redirect_uri: undefined }],
  ['a redirect_uri that only begins right', { redirect_uri: `${redirectUri}/more` }],
  ['an unknown request_uri', { request_uri: 'urn:ietf:params:oauth:request_uri:unknown' }],
])('%s gets an error page and no redirect', async (_, changes) => {
  const sight = await new Browser().visit(await authorizeUrl(changes))
  expect(sight.status).toBe(400)
  expect(sight.text).toContain('Correlation ID: ')
})

test.each([
  ['response_type=token', { response_type: 'token' }, 'unsupported_response_type'],
  ['a scope nobody granted', { scope: 'openid todo:admin' }, 'invalid_scope'],
  ['offline_access that is not granted', { scope: 'openid offline_access' }, 'invalid_scope'],
  ['scopes of two resources', { scope: 'todo:read p1:read:user' }, 'invalid_scope'],
  ['no PKCE', { code_challenge: undefined }, 'invalid_request'],
  ['PKCE by plain', { code_challenge_method: 'plain' }, 'invalid_request'],
  ['a policy that is not assigned', { acr_values: 'f'.repeat(32) }, 'invalid_request'],
  [
    'one policy of two that is not assigned',
    { acr_values: `${policyId} ${'f'.repeat(32)}` },
    'invalid_request',
  ],
  ['an unknown prompt', { prompt: 'select_account' }, 'invalid_request'],
  ['a max_age that is no number', { max_age: 'soon' }, 'invalid_request'],
  ['a request object', { request: 'e30.e30.' }, 'request_not_supported'],
  ['a response mode we have not', { response_mode: 'fragment' }, 'invalid_request'],
])('%s goes back to the application', async (_, changes, error) => {
  const { url } = await new Browser().visit(await authorizeUrl(changes))
  expect(url.origin + url.pathname).toBe(redirectUri)
  expect(url.searchParams.get('error')).toBe(error)
  expect(url.searchParams.get('error_description')).toMatch(/Correlation ID: /)
  expect(url.searchParams.get('state')).toBe('the-state')
  expect(url.searchParams.has('iss')).toBe(false)
})

test('a parameter that is sent twice is refused', async () => {
  const { url } = await new Browser().visit(`${await authorizeUrl()}&nonce=another`)
  expect(url.searchParams.get('error')).toBe('invalid_request')
})

test('scopes of two resources are refused in the words of PingOne, also when none is named', async () => {
  await setSwitches({ secondResource: true })
  for (const scope of ['todo:read reports:read', undefined]) {
    const { url } = await new Browser().visit(await authorizeUrl({ scope }))
    expect(url.searchParams.get('error')).toBe('invalid_scope')
    expect(url.searchParams.get('error_description')).toContain(
      'May not request scopes for multiple resources',
    )
  }
})

test('no scope at all counts as every granted scope', async () => {
  const browser = new Browser()
  const consent = await browser.signOn(await browser.visit(await authorizeUrl({ scope: undefined })), 'ada')
  const tokens = await redeem(codeOf((await browser.consent(consent, 'allow')).url))
  expect(tokens.scope).toBe('openid profile email address phone todo:read todo:write')
})

test('resource is ignored, unless the switch makes it a second resource', async () => {
  const url = await authorizeUrl({ resource: 'todo-api' })
  expect((await new Browser().visit(url)).text).toContain('Sign on')
  await setSwitches({ strictResource: true })
  expect((await new Browser().visit(url)).url.searchParams.get('error')).toBe('invalid_scope')
})

test('a policy that was unassigned is not found, even when none is named', async () => {
  await setSwitches({ policyAssigned: false })
  const { url } = await new Browser().visit(await authorizeUrl({ acr_values: undefined }))
  expect(url.searchParams.get('error_description')).toContain('PolicyId not found')
})

test('the second assigned policy can be asked for and comes back as acr', async () => {
  const second = '11112222333344445555666677778888'
  const browser = new Browser()
  const consent = await browser.signOn(await browser.visit(await authorizeUrl({ acr_values: second })), 'ada')
  const tokens = await redeem(codeOf((await browser.consent(consent, 'allow')).url))
  expect(decode(tokens.idToken)['acr']).toBe(second)
})

test('authorize also takes a POST', async () => {
  const body = new URLSearchParams(await authorizeParameters())
  const sight = await new Browser().visit(`${issuer}/authorize`, { method: 'POST', body })
  expect(sight.text).toContain('<h1>Sign on</h1>')
})

test('a pushed request works once and only for its client', async () => {
  const pushed = await post('par', await authorizeParameters({ mcp_client_name: 'Inspector' }))
  expect(pushed.status).toBe(201)
  const { request_uri: requestUri, expires_in: expiresIn } = await readJson(pushed)
  expect(expiresIn).toBe(60)
  const url = `${issuer}/authorize?${new URLSearchParams({ client_id: clientId, request_uri: String(requestUri) }).toString()}`
  expect((await new Browser().visit(url)).text).toContain('<h1>Sign on</h1>')
  expect((await new Browser().visit(url)).status).toBe(400)
  const again = await readJson(await post('par', await authorizeParameters()))
  const stolen = new URLSearchParams({ client_id: 'stranger', request_uri: String(again['request_uri']) })
  expect((await new Browser().visit(`${issuer}/authorize?${stolen.toString()}`)).status).toBe(400)
})

test('where requests must be pushed, one that a browser brings itself ends on the error page', async () => {
  await setSwitches({ parRequired: true })
  expect((await new Browser().visit(await authorizeUrl())).status).toBe(400)
})

test('a pushed client is named on the consent screen, as text', async () => {
  const parameters = await authorizeParameters({
    mcp_client_name: '<b>Bold</b>',
    mcp_client_host: 'app.example',
  })
  const { request_uri: requestUri } = await readJson(await post('par', parameters))
  const query = new URLSearchParams({ client_id: clientId, request_uri: String(requestUri) })
  const browser = new Browser()
  const sight = await browser.signOn(await browser.visit(`${issuer}/authorize?${query.toString()}`), 'ada')
  expect(sight.text).toContain('<strong>&lt;b&gt;Bold&lt;/b&gt;</strong>, at <code>app.example</code>')
})

test('a bad request is refused where it is pushed, and so is a stranger', async () => {
  const bad = await post('par', await authorizeParameters({ scope: 'todo:admin' }))
  expect([bad.status, (await readJson(bad))['error']]).toEqual([400, 'invalid_scope'])
  const stranger = await post('par', await authorizeParameters(), {})
  expect([stranger.status, (await readJson(stranger))['error']]).toEqual([401, 'invalid_client'])
})

test('discovery names the issuer and its endpoints, and promises neither iss nor registration', async () => {
  const document = await readJson(await send(`${issuer}/.well-known/openid-configuration`))
  expect(document).toMatchObject({ issuer, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks` })
  expect(document).not.toHaveProperty('registration_endpoint')
  expect(document).not.toHaveProperty('authorization_response_iss_parameter_supported')
})

test('an unknown path and an unknown environment are answered as by the platform', async () => {
  expect((await send(`${issuer}/unknown`)).status).toBe(403)
  expect((await send('/00000000-0000-4000-8000-000000000000/as/jwks')).status).toBe(404)
})

test('the switch decides about consent instead of the user', async () => {
  await setSwitches({ decision: 'deny' })
  const browser = new Browser()
  const denied = await browser.signOn(await browser.visit(await authorizeUrl()), 'ada')
  expect(denied.url.searchParams.get('error')).toBe('access_denied')
  await setSwitches({ decision: 'fewer' })
  const fewer = await browser.visit(await authorizeUrl())
  expect((await redeem(codeOf(fewer.url))).scope).toBe('openid profile email todo:read')
})

test('an error that the flow designer typed arrives as typed', async () => {
  await setSwitches({ flowError: { error: 'login_required', description: 'No connector' } })
  const browser = new Browser()
  const consent = await browser.signOn(await browser.visit(await authorizeUrl()), 'ada')
  const { searchParams } = (await browser.consent(consent, 'allow')).url
  expect(searchParams.get('error')).toBe('login_required')
  expect(searchParams.get('error_description')).toMatch(/^No connector \(Correlation ID: /)
})
