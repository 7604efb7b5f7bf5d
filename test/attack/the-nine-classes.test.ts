import { expect, test } from 'vitest'
import { INITIALIZE } from '#harness/messages.ts'
import { Browser } from '#harness/browser.ts'
import { OAuthClient } from '#harness/oauth-client.ts'
import { signIn } from '#harness/sign-in.ts'
import { storyContext } from '#harness/story.ts'

// The flaws of remote MCP servers in arXiv 2605.22333 that no other file here tests:
// docs/threat-model.md, T29 to T37.
const story = storyContext()

test('T29 without a login there is no method, no list and no session', async () => {
  const client = new OAuthClient(story.mcpUrl)
  const messages = [
    INITIALIZE,
    ...['tools/list', 'tools/call', 'resources/list', 'prompts/list', 'ping', 'server/discover'].map(
      (method) => ({ jsonrpc: '2.0', id: 2, method, params: { name: 'listTodos', arguments: {} } }),
    ),
  ]
  for (const message of messages) {
    for (const headers of [{}, { 'mcp-protocol-version': '2026-07-28' }, { authorization: 'Bearer' }]) {
      const { status, headers: answered, body } = await client.mcp(message, headers)
      const error = { code: -31000, message: expect.stringMatching(/^Sign in to use this server/) }
      expect([message.method, status, body]).toEqual([
        message.method,
        401,
        { jsonrpc: '2.0', id: null, error },
      ])
      expect(answered.get('mcp-session-id')).toBeNull()
    }
  }
})

test.for([
  ['http on the web', ['http://evil.example/done']],
  ['a script', ['javascript:alert(1)']],
  ['data', ['data:text/html,x']],
  ['a fragment', ['http://localhost:1/done#x']],
  ['somebody’s credentials', ['http://user:pw@localhost:1/done']],
] as const)('T30 a registration cannot bring an answer to %s', async ([, redirect_uris]) => {
  const client = await new OAuthClient(story.mcpUrl).discover()
  const reply = await fetch(client.server?.registration_endpoint ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'x', redirect_uris, token_endpoint_auth_method: 'none' }),
  })
  expect([reply.status, await reply.json()]).toMatchObject([400, { error: expect.any(String) }])
})

test('T11 T30 a registered redirect is one address: nothing that is only like it gets an answer', async () => {
  const redirectUri = 'http://localhost:33418/done'
  const client = await story.newClient({ redirect_uris: [redirectUri, 'https://*.example.com/done'] })
  for (const near of [
    'https://evil.example.com/done',
    `${redirectUri}/../evil`,
    `${redirectUri}?next=https://evil.example`,
    'http://localhost.evil.example:33418/done',
    'http://localhost:33418@evil.example/done',
    'http://LOCALHOST:33418/DONE',
  ]) {
    const page = await new Browser().open(client.authorize({ redirect_uri: near }).url)
    expect([near, page.status, page.next]).toEqual([near, 400, undefined])
  }
})

test('T31 a registration that takes the name of a known client gets neither its label nor its page', async () => {
  for (const client_name of ['Claude', 'ChatGPT', 'Visual Studio Code', 'MCP Inspector']) {
    const client = await story.newClient({
      client_name,
      client_uri: 'https://claude.ai',
      logo_uri: 'https://claude.ai/logo.png',
    })
    const page = await new Browser().open(client.authorize().url)
    expect(page.text).toContain('not verified')
    expect(page.text).not.toContain('on our list')
    expect(page.markup).not.toContain('logo.png')
  }
})

test('T31 the document of a known client cannot be claimed by a registration', async () => {
  const client = await story.newClient({ client_id: 'https://claude.ai/oauth/mcp-oauth-client-metadata' })
  expect(client.clientId).not.toContain('claude.ai')
})

test('T32 a code is for the client that asked: another one with the same redirect cannot redeem it', async () => {
  const [client, thief] = [await story.newClient(), await story.newClient()]
  const { url, verifier } = client.authorize()
  const { answer } = await signIn(new Browser(), url, { user: story.newUser() })
  const stolen = await thief.redeem(answer?.get('code') ?? '', verifier)
  expect([stolen.status, stolen.body]).toMatchObject([400, { error: 'invalid_grant' }])
  // Knowing a client id does not allow reading or changing its registration.
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const reply = await fetch(`${client.server?.registration_endpoint}/${client.clientId}`, { method })
    expect([method, reply.status]).toEqual([method, 404])
  }
})

test('T08 T34 PingOne’s answer belongs to the browser and the login that began it', async () => {
  const client = await story.newClient()
  const { url } = client.authorize()
  const mine = new Browser()
  const { page } = await signIn(mine, url, { user: story.newUser(), stopBefore: 'callback' })
  const elsewhere = await new Browser().onward(page)
  expect([elsewhere.status, elsewhere.next]).toEqual([400, undefined])
  const again = page.next
  if (again === undefined) throw new Error('no callback')
  again.searchParams.set('state', `${again.searchParams.get('state')}x`)
  expect((await mine.open(again)).status).toBe(400)
})
