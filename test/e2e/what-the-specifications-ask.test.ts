import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { expect, test } from 'vitest'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { Browser } from '#harness/browser.ts'
import { OAuthClient, ResourceMetadata, ServerMetadata, tokensIn } from '#harness/oauth-client.ts'
import { continueSignIn, signIn } from '#harness/sign-in.ts'
import { callToolStateless } from '#harness/transport.ts'
import { storyContext } from '#harness/story.ts'

// Requirements of test/unit/conformance/requirements.ts that no other story covers.
const story = storyContext()
const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
const withBearer = (token: string) => ({ authorization: `Bearer ${token}` })

test('both documents are where the specifications put them, and say the same as the addresses do', async () => {
  const client = new OAuthClient(story.mcpUrl)
  for (const path of ['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource']) {
    const { status, body } = await client.get(`${story.origin}${path}`)
    const metadata = ResourceMetadata.parse(body)
    expect([path, status, metadata.resource]).toEqual([path, 200, story.mcpUrl])
    expect(metadata.authorization_servers).toEqual([story.origin])
    expect(metadata.scopes_supported ?? []).not.toContain('offline_access')
    expect(metadata.scopes_supported ?? ['todo:read']).toEqual(['todo:read'])
  }
  const { body } = await client.get(`${story.origin}/.well-known/oauth-authorization-server`)
  expect(ServerMetadata.parse(body)).toMatchObject({
    issuer: story.origin,
    authorization_endpoint: `${story.origin}/authorize`,
    code_challenge_methods_supported: ['S256'],
    client_id_metadata_document_supported: true,
    authorization_response_iss_parameter_supported: true,
    scopes_supported: ['todo:read', 'todo:write', 'offline_access'],
    response_types_supported: ['code'],
  })
})

test('who brings no token is told where to get one and for what, and nothing else', async () => {
  const { status, headers, body } = await new OAuthClient(story.mcpUrl).mcp(ping)
  expect([status, body]).toEqual([
    401,
    { jsonrpc: '2.0', id: null, error: { code: -31000, message: expect.stringContaining('Sign in') } },
  ])
  const challenge = headers.get('www-authenticate') ?? ''
  expect(challenge).toContain(`resource_metadata="${story.origin}/.well-known/oauth-protected-resource/mcp"`)
  expect(challenge).toContain('scope="todo:read"')
  expect(challenge).not.toMatch(/error=|offline_access/)
})

test('tokens come as JSON that nobody keeps, live an hour, and the code and the refresh token open nothing', async () => {
  const client = await story.newClient()
  const { url, verifier, state } = client.authorize()
  const { answer } = await signIn(new Browser(), url, { user: story.newUser() })
  expect([answer?.getAll('iss'), answer?.getAll('state')]).toEqual([[story.origin], [state]])
  const code = answer?.get('code') ?? ''
  expect((await client.mcp(ping, withBearer(code))).status).toBe(401)
  const reply = await client.redeem(code, verifier)
  expect(reply.headers.get('cache-control')).toContain('no-store')
  expect(reply.headers.get('content-type')).toContain('application/json')
  const tokens = tokensIn(reply)
  expect(tokens.expires_in).toBeLessThanOrEqual(3600)
  expect((await client.mcp(ping, withBearer(tokens.refresh_token ?? ''))).status).toBe(401)
  expect((await callToolStateless(client, tokens.access_token, 'whoAmI')).status).toBe(200)
})

test('a code is for its client and its redirect URI, and when it comes twice its tokens end', async () => {
  const client = await story.newClient()
  const other = await story.newClient()
  const { url, verifier } = client.authorize()
  const { answer } = await signIn(new Browser(), url, { user: story.newUser() })
  const code = answer?.get('code') ?? ''
  expect((await other.redeem(code, verifier)).status).toBe(400)
  expect((await client.redeem(code, verifier, { redirect_uri: 'http://localhost:33418/other' })).status).toBe(
    400,
  )
  const tokens = tokensIn(await client.redeem(code, verifier))
  expect((await client.redeem(code, verifier)).status).toBe(400)
  expect((await callToolStateless(client, tokens.access_token, 'whoAmI')).status).toBe(401)
})

test('the resource may be left out or be written in capitals, and cannot be changed afterwards', async () => {
  const client = await story.newClient()
  const capitals = story.mcpUrl.replace('http://localhost', 'HTTP://LOCALHOST')
  for (const resource of [undefined, capitals]) {
    const { url, verifier } = client.authorize({ resource })
    const { answer } = await signIn(new Browser(), url, { user: story.newUser() })
    const code = answer?.get('code') ?? ''
    const elsewhere = await client.redeem(code, verifier, { resource: 'https://other.example/mcp' })
    expect([elsewhere.status, elsewhere.body]).toMatchObject([400, { error: 'invalid_target' }])
    const tokens = tokensIn(await client.redeem(code, verifier, { resource }))
    expect((await callToolStateless(client, tokens.access_token, 'whoAmI')).status).toBe(200)
    const again = await client.refresh(tokens.refresh_token ?? '', { resource: 'https://other.example/mcp' })
    expect(again.body).toMatchObject({ error: 'invalid_target' })
  }
})

test('a loopback redirect may have another port, and no other path', async () => {
  const client = await story.newClient()
  const page = await new Browser().open(client.authorize({ redirect_uri: 'http://localhost:51234/done' }).url)
  expect(page.status).toBe(200)
  const wrong = await new Browser().open(client.authorize({ redirect_uri: 'http://localhost:51234/' }).url)
  expect(wrong.status).toBe(400)
})

test('a client that registered a secret must show it, the way that it registered', async () => {
  const client = await story.newClient({ token_endpoint_auth_method: 'client_secret_post' })
  const { url, verifier } = client.authorize()
  const { answer } = await signIn(new Browser(), url, { user: story.newUser() })
  const code = answer?.get('code') ?? ''
  for (const client_secret of [undefined, '', 'wrong']) {
    const reply = await client.redeem(code, verifier, { client_secret })
    expect([reply.status, reply.body]).toMatchObject([401, { error: 'invalid_client' }])
  }
  const { client_secret } = client.registration ?? {}
  expect((await client.redeem(code, verifier, { client_secret })).status).toBe(200)
})

test('a token of PingOne, good for the API, is no token here', async () => {
  const { MCP_SERVER_CLIENT_ID = '', MCP_SERVER_CLIENT_SECRET = '' } = parseEnv(
    readFileSync(describeStateFolder(story.stateDir).settingsOf('mcp'), 'utf8'),
  )
  const browser = new Browser()
  const client = await story.newClient()
  const { page } = await signIn(browser, client.authorize().url, {
    user: story.newUser(),
    stopBefore: 'callback',
  })
  // The code is PingOne's for this server. Only the server has its verifier, so the emulator is first asked without one.
  const begun = new URL(`${story.issuer}/authorize`)
  begun.search = new URLSearchParams({
    response_type: 'code',
    client_id: MCP_SERVER_CLIENT_ID,
    redirect_uri: `${story.origin}/callback`,
    scope: 'openid todo:read',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    state: 'x',
  }).toString()
  const end = await continueSignIn(browser, { ...page, next: begun }, 'urn:none', { stopBefore: 'callback' })
  const answer = await fetch(`${story.issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${MCP_SERVER_CLIENT_ID}:${MCP_SERVER_CLIENT_SECRET}`)}` },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: end.page.next?.searchParams.get('code') ?? '',
      redirect_uri: `${story.origin}/callback`,
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    }),
  })
  const text = await answer.text()
  const theirs = [...text.matchAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g)].map(([token]) => token)
  expect(theirs.length).toBeGreaterThanOrEqual(2)
  for (const token of theirs) expect((await client.mcp(ping, withBearer(token))).status).toBe(401)
})

test('our page comes at every login, whatever was approved before and whatever a cookie says', async () => {
  const client = await story.newClient()
  const user = story.newUser()
  const browser = new Browser()
  await story.signInWith(client, { user, browser })
  const origin = new URL(story.origin)
  const forged = new Headers({ 'set-cookie': '__Host-oauth-approvals=e30.x; Path=/; Secure' })
  browser.cookies.store(origin, forged)
  const { stages } = await signIn(browser, client.authorize().url, { user })
  expect(stages.slice(0, 2)).toEqual(['consent', 'pingone'])
  expect(stages.at(-1)).toBe('client')
})

test('cookies are for this host alone, for no script and no other site, and die with their login', async () => {
  const browser = new Browser()
  const page = await browser.open((await story.newClient()).authorize().url)
  const onward = await browser.decide(page, 'approve')
  const cookies = [...page.headers.getSetCookie(), ...onward.headers.getSetCookie()]
  expect(cookies.length).toBeGreaterThanOrEqual(3)
  for (const cookie of cookies) {
    expect(cookie).toMatch(/^__Host-/)
    for (const word of ['Secure', 'HttpOnly', 'SameSite=Lax', 'Path=/']) expect(cookie).toContain(word)
    expect(Number(/Max-Age=(\d+)/.exec(cookie)?.[1])).toBeLessThanOrEqual(600)
  }
})

test('every login goes to PingOne with a state, a nonce and a challenge that nobody saw before', async () => {
  const client = await story.newClient()
  const seen = new Set<string>()
  for (let round = 0; round < 10; round += 1) {
    const browser = new Browser()
    const { page } = await signIn(browser, client.authorize().url, { stopBefore: 'pingone' })
    for (const name of ['state', 'nonce', 'code_challenge']) {
      const value = page.next?.searchParams.get(name) ?? ''
      // 128 bits are 22 characters of base64url.
      expect(value.length).toBeGreaterThanOrEqual(22)
      seen.add(value)
    }
  }
  expect(seen.size).toBe(30)
})
