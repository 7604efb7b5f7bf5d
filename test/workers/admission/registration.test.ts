import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { registrations } from './real-clients.ts'
import { pageOf, registered, serverWith } from './server.ts'

const server = serverWith()
const plain = registrations['mcp-remote']
const denial = async (answer: Response) => ({ status: answer.status, body: await answer.json() })

const recordOf = async (client: string) => {
  const { keys } = await env.OAUTH_KV.list({ prefix: `client:${client}` })
  const record: unknown = await env.OAUTH_KV.get(`client:${client}`, 'json')
  return { endsAt: keys[0]?.expiration ?? 0, record }
}
const stored = async () => (await env.OAUTH_KV.list({ prefix: 'client:' })).keys.length

test('a registration that nobody uses is gone after an hour', async () => {
  const now = Math.floor(Date.now() / 1000)
  const { endsAt, record } = await recordOf(await registered(await server.register(plain)))
  expect(endsAt).toBeGreaterThan(now + 3500)
  expect(endsAt).toBeLessThanOrEqual(now + 3700)
  expect(record).toMatchObject({ redirectUris: plain.redirect_uris })
})

test('a client with a secret is not told that its secret ends in an hour', async () => {
  const answer = await server.register({ ...plain, token_endpoint_auth_method: 'client_secret_basic' })
  const body: unknown = await answer.json()
  expect(answer.status).toBe(201)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(body).toMatchObject({ client_id: expect.any(String), client_secret: expect.any(String) })
  const { client_id_issued_at: issued, client_secret_expires_at: ends } = Object(body)
  expect(ends - issued).toBe(90 * 86_400)
})

const uris = (count: number) =>
  Array.from({ length: count }, (_, index) => `http://localhost:${3000 + index}/cb`)

test.for([
  ['of more than 16 KB', { ...plain, padding: 'x'.repeat(16 * 1024) }, 413, 'invalid_client_metadata'],
  ['with 11 redirect URIs', { ...plain, redirect_uris: uris(11) }, 400, 'invalid_client_metadata'],
  [
    'with a name of 101 characters',
    { ...plain, client_name: 'x'.repeat(101) },
    400,
    'invalid_client_metadata',
  ],
  [
    'with a long name in French',
    { ...plain, 'client_name#fr': 'é'.repeat(101) },
    400,
    'invalid_client_metadata',
  ],
  ['with a long software id', { ...plain, software_id: 'x'.repeat(101) }, 400, 'invalid_client_metadata'],
  [
    'with a long software version',
    { ...plain, software_version: 'x'.repeat(101) },
    400,
    'invalid_client_metadata',
  ],
  [
    'with a name of unseen characters only, 101 of them',
    { ...plain, client_name: '\u200b'.repeat(101) },
    400,
    'invalid_client_metadata',
  ],
  ['without redirect URIs', { ...plain, redirect_uris: undefined }, 400, 'invalid_redirect_uri'],
  [
    'with redirect URIs of another type',
    { ...plain, redirect_uris: 'https://claude.ai' },
    400,
    'invalid_redirect_uri',
  ],
  [
    'for an address on plain http',
    { ...plain, redirect_uris: ['http://evil.example/cb'] },
    400,
    'invalid_redirect_uri',
  ],
  [
    'for an address that nobody admitted',
    { ...plain, redirect_uris: ['https://evil.example/cb'] },
    400,
    'invalid_redirect_uri',
  ],
  [
    'for a scheme of its own alone',
    { ...plain, redirect_uris: ['cursor://x/cb'] },
    400,
    'invalid_redirect_uri',
  ],
  [
    'that runs a script',
    { ...plain, redirect_uris: ['http://localhost/cb', 'javascript:alert(1)'] },
    400,
    'invalid_client_metadata',
  ],
  ['that is no JSON', '{', 400, 'invalid_client_metadata'],
  ['that is a list', '[]', 400, 'invalid_client_metadata'],
] as [string, unknown, number, string][])(
  'a registration %s is refused and leaves nothing',
  async ([, body, status, error]) => {
    const before = await stored()
    expect(await denial(await server.register(body))).toMatchObject({ status, body: { error } })
    expect(await stored()).toBe(before)
  },
)

test('a body that never ends is not read to its end', async () => {
  let pieces = 0
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pieces += 1
      controller.enqueue(new Uint8Array(4096).fill(0x20))
    },
  })
  const answer = await server.send('/register', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  expect(answer.status).toBe(413)
  // A bounded part of a refused body is dropped, so that the sender gets the answer (http/read-request.ts).
  expect(pieces * 4096).toBeLessThan(1.25 * 1024 * 1024)
})

test('the limits themselves are allowed', async () => {
  const names = { client_name: 'é'.repeat(100), software_id: 'x'.repeat(100) }
  expect((await server.register({ ...plain, ...names, redirect_uris: uris(10) })).status).toBe(201)
})

test('a name is stored, answered and shown without characters that nobody sees', async () => {
  const answer = await server.register({
    ...plain,
    client_name: 'Cl\u202eau\u200bde\u0007\n <b>',
    'client_name#de': 'K\u2066lod',
  })
  const client = await registered(answer.clone())
  expect(await answer.json()).toMatchObject({ client_name: 'Claude <b>', 'client_name#de': 'Klod' })
  expect((await recordOf(client)).record).toMatchObject({ clientName: 'Claude <b>' })
  const html = await (await server.authorize(client, plain.redirect_uris[0] ?? '')).text()
  expect(html).toContain('Claude &lt;b&gt;')
})

test('a client in a browser can read why it was refused', async () => {
  const answer = await server.send('/register', {
    method: 'POST',
    headers: { origin: 'https://app.example', 'content-type': 'application/json' },
    body: '{}',
  })
  expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example')
})

test('what RFC 7591 does not know is no reason to refuse', async () => {
  const answer = await server.register({ ...plain, application_type: 'martian', mood: { good: true } })
  expect(answer.status).toBe(201)
  expect(
    (await pageOf(await server.authorize(await registered(answer), 'http://localhost:9/oauth/callback')))
      .status,
  ).toBe(200)
})
