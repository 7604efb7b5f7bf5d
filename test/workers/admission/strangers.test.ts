import { beforeEach, expect, test, vi } from 'vitest'
import { documents, registrations } from './real-clients.ts'
import { pageOf, registered, serverWith } from './server.ts'
import { requestedUrls, clearInternet } from './the-internet.ts'

const server = serverWith()
const claude = documents.Claude.client_id
const callback = 'https://claude.ai/api/mcp/auth_callback'
beforeEach(clearInternet)

const lookAlikes = [
  'https://claude.ai.evil.example/oauth/mcp-oauth-client-metadata',
  'https://claude.ai@evil.example/oauth/mcp-oauth-client-metadata',
  'https://evil.example/https://claude.ai/oauth/mcp-oauth-client-metadata',
  'https://claude.ai/oauth/mcp-oauth-client-metadata/',
  'https://claude.ai/oauth/mcp-oauth-client-metadata?x=1',
  'https://claude.ai/oauth/mcp-oauth-client-metadata#x',
  'https://claude.ai/oauth/other',
  'https://claude.ai/oauth%2Fmcp-oauth-client-metadata',
  'https://claude.ai/oauth/x/../mcp-oauth-client-metadata',
  'https://claude.ai//oauth/mcp-oauth-client-metadata',
  'https://claude.ai\\oauth\\mcp-oauth-client-metadata',
  'https://claude.ai:443/oauth/mcp-oauth-client-metadata',
  'https://claude.ai:8443/oauth/mcp-oauth-client-metadata',
  'https://claude.ai./oauth/mcp-oauth-client-metadata',
  'https://CLAUDE.ai/oauth/mcp-oauth-client-metadata',
  'HTTPS://claude.ai/oauth/mcp-oauth-client-metadata',
  'http://claude.ai/oauth/mcp-oauth-client-metadata',
  ' https://claude.ai/oauth/mcp-oauth-client-metadata',
  'https://claude.ai/oauth/mcp-oauth-client-metadata\n',
  'ht\ntps://evil.example/oauth/client.json',
  'https:evil.example/oauth/client.json',
  'https://сlaude.ai/oauth/mcp-oauth-client-metadata',
  'https://127.0.0.1/oauth/client.json',
  'https://169.254.169.254/latest/meta-data',
  'https://[::1]/oauth/client.json',
  'https://2130706433/oauth/client.json',
  'https://chatgpt.com/oauth/../evil/client.json',
  'https://chatgpt.com/oauth/a/b/client.json',
  'https://chatgpt.com/oauth/IbUR3zxyNQ16/client.json/',
  'https://chatgpt.com/oauth/IbUR3zxyNQ16%2F/client.json',
  'https://chatgpt.com/oauth/IbUR3zxyNQ16/client.json\n',
  'https://chatgpt.com/oauth//client.json',
  'https://chatgpt.com.evil.example/oauth/IbUR3zxyNQ16/client.json',
  'https://xchatgpt.com/oauth/IbUR3zxyNQ16/client.json',
  'https://chatgptxcom/oauth/IbUR3zxyNQ16/client.json',
  'client:made-up',
  'x'.repeat(600),
  '../../etc',
]

test.for(lookAlikes)('%j is a page, and nobody is asked about it', async (client) => {
  const page = await pageOf(await server.authorize(client, callback))
  expect(page).toMatchObject({ status: 403, location: null })
  expect(page.title).toContain('This app is not admitted here')
  expect(page.text).toContain('docs/connect.md')
  expect(page.text).not.toContain('evil')
  expect(await requestedUrls()).toEqual([])
})

const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)))
const base64url = (text: string) => base64(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
const assertionOf = (iss: string) =>
  `${base64url('{"alg":"RS256"}')}.${base64url(JSON.stringify({ iss, sub: iss }))}.${base64url('signature')}`
const assertion = (value: string) => ({
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: value,
})
const evil = 'https://evil.example/oauth/client.json'
const grant = { grant_type: 'refresh_token', refresh_token: 'x:y:z' }

const waysToName: [string, Record<string, string>, Record<string, string>?][] = [
  ['in the form', { client_id: evil }],
  ['in Basic', {}, { authorization: `Basic ${btoa(`${encodeURIComponent(evil)}:secret`)}` }],
  [
    'in basic, lower case, two blanks',
    {},
    { authorization: `basic  ${btoa(`${encodeURIComponent(evil)}:`)}` },
  ],
  ['in an assertion', assertion(assertionOf(evil))],
  ['in an assertion beside an admitted client_id', { client_id: claude, ...assertion(assertionOf(evil)) }],
  ['in the form beside an admitted assertion', { client_id: evil, ...assertion(assertionOf(claude)) }],
]

test.for(waysToName)(
  'a stranger named %s is refused at /token, and nobody is asked',
  async ([, form, headers]) => {
    for (const request of [
      { ...grant, ...form },
      { token: 'x:y:z', ...form },
    ]) {
      const answer = await server.token(request, headers)
      expect(answer.status).toBe(401)
      expect(await answer.json()).toMatchObject({ error: 'invalid_client' })
      expect(answer.headers.get('www-authenticate')?.startsWith('Basic') ?? false).toBe(headers !== undefined)
    }
    expect(await requestedUrls()).toEqual([])
  },
)

test.for([
  ['Basic that cannot be read', {}, { authorization: 'Basic ###' }],
  ['Basic without a colon', {}, { authorization: `Basic ${btoa(claude)}` }],
  ['an assertion that cannot be read', assertion('x.y.z')],
  ['an assertion of two parts', assertion('x.y')],
  ['an assertion without iss', assertion(`${base64url('{}')}.${base64url('{}')}.x`)],
] as [string, Record<string, string>, Record<string, string>?][])(
  '%s is refused at /token, and nobody is asked',
  async ([, form, headers]) => {
    const answer = await server.token({ ...grant, ...form }, headers)
    expect(answer.status).toBe(401)
    expect(await requestedUrls()).toEqual([])
  },
)

test('a client_id that comes twice is looked up neither time', async () => {
  for (const ids of [
    [claude, evil],
    [evil, claude],
  ]) {
    const body = new URLSearchParams(grant)
    for (const id of ids) body.append('client_id', id)
    const answer = await server.send('/token', { method: 'POST', body })
    expect([400, 401]).toContain(answer.status)
  }
  expect(await requestedUrls()).toEqual([])
})

test('a body that is no form, or too large, is refused before any client is looked up', async () => {
  const json = await server.send('/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...grant, client_id: evil }),
  })
  expect(json.status).toBe(400)
  const large = await server.token({ ...grant, client_id: claude, padding: 'x'.repeat(40_000) })
  expect(large.status).toBe(413)
  expect(await requestedUrls()).toEqual([])
})

test.for([
  'https://evil.example/callback',
  'https://claude.ai/api/mcp/auth_callback/',
  'https://claude.ai/api/mcp/auth_callback?next=https://evil.example',
  'https://claude.ai.evil.example/api/mcp/auth_callback',
  'https://claude.ai@evil.example/api/mcp/auth_callback',
  'https://CLAUDE.AI/api/mcp/auth_callback',
  'http://claude.ai/api/mcp/auth_callback',
  'https://chatgpt.com/connector/oauth/../../evil',
  'https://chatgpt.com/connector/oauth/FLLrQdlez6Uf/x',
  'http://localhost.evil.example/callback',
  'http://127.0.0.1.evil.example/callback',
  'http://localhost@evil.example/callback',
  'http://user:password@localhost/callback',
  'http://10.0.0.1/callback',
  'https://localhost/callback',
])('a client that registered %s beside a loopback address cannot use it', async (redirectUri) => {
  const metadata = {
    ...registrations['mcp-remote'],
    redirect_uris: ['http://localhost:3334/cb', redirectUri],
  }
  const answer = await server.register(metadata)
  // The library already rejects user information at registration.
  const client = answer.status === 201 ? await registered(answer) : 'AAAAAAAAAAAAAAAA'
  const page = await pageOf(await server.authorize(client, redirectUri))
  expect(page).toMatchObject({ status: 403, location: null })
  expect(page.text).not.toContain('evil')
})

test('what the log says of a stranger is enough to find and to admit it', async () => {
  const logSpy = vi.spyOn(console, 'warn')
  await server.authorize(evil, 'https://evil.example/callback?secret=1')
  const line: unknown = JSON.parse(String(logSpy.mock.calls.at(-1)?.[0]))
  expect(line).toMatchObject({
    event: 'client.not-admitted',
    at: 'authorize',
    reason: 'document',
    mode: 'known',
    client: evil,
    redirects: ['https://evil.example'],
    incident: expect.stringMatching(/^[0-9a-f]{10}$/),
  })
  logSpy.mockRestore()
})

test('a client that nobody registered is told what to do, and is not sent anywhere', async () => {
  const page = await pageOf(await server.authorize('AAAAAAAAAAAAAAAA', 'http://localhost:1/callback'))
  expect(page).toMatchObject({ status: 400, location: null })
  expect(page.title).toContain('This app has to register again')
})
