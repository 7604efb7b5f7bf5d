import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import { ORIGIN } from '../settings.ts'
import { documents, registrations } from './real-clients.ts'
import { pageOf, pkce, registered, serverWith } from './server.ts'
import { clearInternet, publish } from './the-internet.ts'

// The endpoints, the router and the library must parse a request in the same way. No input is echoed in our sentences.
const server = serverWith()
const plain = registrations['mcp-remote']
const CALLBACK = 'http://localhost:3334/oauth/callback'
const CANARY = 'SendYourPasswordTo'
beforeEach(clearInternet)

const good = (client: string): [string, string][] => [
  ['response_type', 'code'],
  ['client_id', client],
  ['redirect_uri', CALLBACK],
  ['scope', 'todo:read'],
  ['state', 'the-state'],
  ['code_challenge', pkce.challenge],
  ['code_challenge_method', 'S256'],
  ['resource', `${ORIGIN}/mcp`],
]
const authorize = (pairs: readonly (readonly [string, string])[]) =>
  server.send(`/authorize?${new URLSearchParams(pairs.map(([name, value]) => [name, value])).toString()}`, {
    redirect: 'manual',
  })
/** Without the parts that differ on each request. */
const outcomeOf = async (answer: Response) => {
  const { status, location, title } = await pageOf(answer)
  return { status, location, title }
}
const newClient = (more: object = {}) =>
  server.register({ ...plain, redirect_uris: [CALLBACK], ...more }).then(registered)

test('B9 at /authorize a parameter without a value was not sent', async () => {
  const client = await newClient()
  const names = good(client).map(([name]) => name)
  const whole = await outcomeOf(await authorize(good(client)))
  expect(whole.status).toBe(200)
  await fc.assert(
    fc.asyncProperty(
      fc.subarray(names),
      fc.array(fc.constantFrom('prompt', 'nonce', 'claims', 'request_uri', ''), { maxLength: 2 }),
      fc.nat(),
      async (left, more, at) => {
        const sent = good(client).filter(([name]) => !left.includes(name))
        const place = at % (sent.length + 1)
        const empty = [...left, ...more].map((name) => [name, ''] as const)
        const padded = [...sent.slice(0, place), ...empty, ...sent.slice(place)]
        expect(await outcomeOf(await authorize(padded))).toEqual(await outcomeOf(await authorize(sent)))
      },
    ),
    { numRuns: 150 },
  )
  for (const name of ['resource', 'state', 'scope']) {
    const sent = good(client).filter(([other]) => other !== name)
    expect((await authorize([...sent, [name, '']])).status).toBe(200)
  }
  // Repeating a parameter is an error, with a value or without.
  for (const name of names.filter((each) => each !== 'resource')) {
    const twice = await outcomeOf(await authorize([...good(client), [name, '']]))
    expect([name, twice.status === 400 || twice.location?.includes('error=invalid_request')]).toEqual([
      name,
      true,
    ])
  }
})

const WORDS = /^[A-Za-z][\w .:,()-]{1,250}$/

test('no word of a request to /authorize is in what the client hears, whichever parameter it came in', async () => {
  const client = await newClient()
  const names = good(client).map(([name]) => name)
  for (const name of names) {
    const sent = good(client).map(([other, value]): [string, string] =>
      other === name ? [name, `${CANARY} ${value}`] : [other, value],
    )
    const answer = await authorize(sent)
    const location = answer.headers.get('location')
    const returned = location === null ? null : new URL(location).searchParams
    // The state belongs to the client and is returned.
    returned?.delete('state')
    expect([name, await answer.text(), String(returned)].join()).not.toContain(CANARY)
    expect([name, returned?.get('error_description') ?? 'Nothing']).toEqual([
      name,
      expect.stringMatching(WORDS),
    ])
  }
})

const fields = [
  'redirect_uris',
  'client_name',
  'client_uri',
  'logo_uri',
  'tos_uri',
  'policy_uri',
  'jwks_uri',
  'contacts',
  'grant_types',
  'response_types',
  'token_endpoint_auth_method',
  'token_endpoint_auth_methods_supported',
  'token_endpoint_auth_signing_alg',
  `client_uri#${CANARY}`,
  `logo_uri#${CANARY}`,
  `client_name#${CANARY}`,
]

test('no word of a registration is in the reason why it is refused', async () => {
  let rejected = 0
  for (const field of fields)
    for (const value of [
      CANARY,
      [CANARY],
      { [CANARY]: CANARY },
      7,
      [7],
      `javascript:${CANARY}`,
      `${CANARY}://x`,
    ]) {
      const answer = await server.register({ ...plain, redirect_uris: [CALLBACK], [field]: value })
      if (answer.status === 201) continue
      rejected += 1
      const text = await answer.text()
      expect([field, text]).toEqual([field, expect.not.stringContaining(CANARY)])
      expect(Object(JSON.parse(text)).error_description).toMatch(WORDS)
    }
  expect(rejected).toBeGreaterThan(40)
})

test('no word of a request to /token is in the reason why it is refused', async () => {
  const client = await newClient()
  const names = [
    'grant_type',
    'code',
    'refresh_token',
    'token',
    'client_id',
    'client_secret',
    'scope',
    'resource',
  ]
  const more = ['client_assertion', 'client_assertion_type', 'redirect_uri', 'code_verifier', CANARY]
  for (const name of [...names, ...more]) {
    const bodies = [
      `${name}=${CANARY}`,
      `${name}=${CANARY}&${name}=${CANARY}`,
      `grant_type=refresh_token&${name}=${CANARY}`,
    ]
    for (const body of bodies) {
      const answer = await server.send('/token', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `client_id=${client}&${body}`.replace(`client_id=${client}&client_id`, 'client_id'),
      })
      const text = await answer.text()
      expect([body, text]).toEqual([body, expect.not.stringContaining(CANARY)])
    }
  }
})

test.for([
  ['http://0x7f000001:3334/oauth/callback', 'http://127.0.0.1:3334/oauth/callback'],
  ['http://0177.0.0.1:3334/oauth/callback', 'http://127.0.0.1:3334/oauth/callback'],
  ['http://2130706433:3334/oauth/callback', 'http://127.0.0.1:3334/oauth/callback'],
  ['http://127.1:3334/oauth/callback', 'http://127.0.0.1:3334/oauth/callback'],
  ['http://ⓛocalhost:3334/oauth/callback', CALLBACK],
  ['http://LOCALHOST:3334/oauth/callback', CALLBACK],
  ['HTTP://localhost:3334/oauth/callback', CALLBACK],
  ['http://localhost:3334/x/../oauth/callback', CALLBACK],
  ['http://localhost:3334/./oauth/callback', CALLBACK],
  ['http://localhost:3334/oauth\\callback', CALLBACK],
  ['http:localhost:3334/oauth/callback', CALLBACK],
  ['http:\\\\localhost:3334/oauth/callback', CALLBACK],
  [' http://localhost:3334/oauth/callback', CALLBACK],
  ['http://localhost:3334/oauth/callback ', CALLBACK],
  ['http://local\thost:3334/oauth/callback', CALLBACK],
  ['http://localhost:3334/oauth/callback?', CALLBACK],
  ['http://localhost:3334/oauth/%63allback', CALLBACK],
  ['http://localhost:3334/oauth/callback/', CALLBACK],
  ['http://[0:0:0:0:0:0:0:1]:3334/oauth/callback', 'http://[::1]:3334/oauth/callback'],
  ['http://127.0.0.1:3334/oauth/callback', CALLBACK],
  ['http://@localhost:3334/oauth/callback', CALLBACK],
  ['http://localhost:03334x/oauth/callback', CALLBACK],
])('%j is not the redirect URI %j', async ([requested = '', registeredUri = '']) => {
  const client = await newClient({ redirect_uris: [registeredUri] })
  const page = await pageOf(await server.authorize(client, requested))
  expect([page.status === 400 || page.status === 403, page.location]).toEqual([true, null])
})

test('the port of this machine is free, and nothing else of a redirect URI', async () => {
  for (const host of ['localhost', '127.0.0.1', '127.8.8.8', '[::1]']) {
    const client = await newClient({ redirect_uris: [`http://${host}:1/cb?a=b`] })
    for (const port of ['', ':1', ':65535'])
      expect((await server.authorize(client, `http://${host}${port}/cb?a=b`)).status).toBe(200)
  }
})

test('the own query of a redirect URI comes back as it was registered', async () => {
  const own = 'http://localhost:3334/cb?b=x+y&a=%7e&&c&d=%C3%BC'
  const client = await newClient({ redirect_uris: [own, `${own}&state=theirs&code=1&e=%2f`] })
  for (const redirectUri of [own, `${own}&state=theirs&code=1&e=%2f`]) {
    const answer = await server.authorize(client, redirectUri, { code_challenge: undefined })
    const remaining = redirectUri.replace('&state=theirs&code=1', '')
    const location = answer.headers.get('location') ?? ''
    expect(location.slice(0, remaining.length + 7)).toBe(`${remaining}&state=`)
    expect(new URL(location).searchParams.getAll('state')).toEqual(['the-state'])
    expect(new URL(location).searchParams.get('code')).toBeNull()
  }
})

const METHODS = ['HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'POST', 'GET']
const GUARDED = [
  '/',
  '/health',
  '/.well-known/security.txt',
  '/authorize',
  '/callback',
  '/me',
  '/me/end',
  '/me/sign-in',
  '/signed-in',
  '/token',
  '/register',
  '/mcp',
  '/step-up/x',
]
/** Percent-encodes one or more letters of a path: the same address to a router that decodes. */
const encoded = fc
  .tuple(
    fc.constantFrom(...GUARDED.filter((path) => path !== '/')),
    fc.array(fc.nat(30), { minLength: 1, maxLength: 4 }),
  )
  .map(([path, at]) =>
    Array.from(path)
      .map((letter, place) =>
        place > 0 && letter !== '/' && (place === 1 || at.includes(place))
          ? `%${letter.charCodeAt(0).toString(16)}`
          : letter,
      )
      .join(''),
  )
const otherwise = fc.oneof(
  encoded,
  fc.constantFrom(...GUARDED).map((path) => `/${path}`),
  fc.constantFrom(...GUARDED.filter((path) => path !== '/')).map((path) => `${path}/`),
  fc.constantFrom(...GUARDED.filter((path) => path !== '/')).map((path) => path.toUpperCase()),
)

test('an address that is written otherwise is another address, whatever the method', () =>
  fc.assert(
    fc.asyncProperty(otherwise, fc.constantFrom(...METHODS), async (path, method) => {
      const { status, headers } = await server.send(path, { method, redirect: 'manual' })
      // These prefixes have denials of their own for unknown paths.
      const isOwn = path.startsWith('/step-up/') || path.startsWith('/mcp/') || path.startsWith('/me/')
      expect([path, method, status >= 400 && (isOwn || status === 404), headers.getSetCookie()]).toEqual([
        path,
        method,
        true,
        [],
      ])
    }),
    { numRuns: 400 },
  ))

test('HEAD and OPTIONS begin and end no login, however the address is written', async () => {
  for (const path of [
    '/callback?state=x&code=y',
    '/%63allback?state=x&code=y',
    '/authorize?client_id=x',
    '/%61uthorize?x',
    '/signed-in?state=x',
    '/signed%2Din?state=x',
    '/step-up/x',
    '/me',
  ])
    for (const method of ['HEAD', 'OPTIONS']) {
      const { status } = await server.send(path, { method })
      expect([path, method, [404, 405].includes(status)]).toEqual([path, method, true])
    }
})

test('the metadata is at the address that is built from that of the resource too; there is none of OpenID Connect', async () => {
  const root = await server.send('/.well-known/oauth-authorization-server')
  const other = await server.send('/.well-known/oauth-authorization-server/mcp', {
    headers: { origin: 'https://app.example' },
  })
  expect(other.headers.get('access-control-allow-origin')).toBe('https://app.example')
  expect([other.status, await other.json()]).toEqual([200, await root.json()])
  for (const path of [
    '/.well-known/openid-configuration',
    '/.well-known/openid-configuration/mcp',
    '/mcp/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server/other',
  ])
    expect([path, (await server.send(path)).status]).toEqual([path, 404])
})

test('a registration is JSON, and says so', async () => {
  const body = JSON.stringify({ ...plain, redirect_uris: [CALLBACK] })
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'text/json',
    '',
    undefined,
  ]) {
    const headers = type === undefined ? [] : [['content-type', type]]
    const answer = await server.send('/register', {
      method: 'POST',
      headers: new Headers(headers),
      body: new TextEncoder().encode(body),
    })
    expect([type, answer.status, await answer.json()]).toMatchObject([
      type,
      415,
      { error: 'invalid_client_metadata' },
    ])
  }
  const charset = { 'content-type': 'Application/JSON; charset=utf-8' }
  expect((await server.send('/register', { method: 'POST', headers: charset, body })).status).toBe(201)
})

const stored = async () => (await env.OAUTH_KV.list({ prefix: 'client:' })).keys.length

test('what is refused uses nothing of the day up, whoever refuses it, and at the ceiling nothing is kept', async () => {
  await env.RECORDS.exec('DELETE FROM registration_days')
  const small = serverWith({ REGISTRATIONS_PER_DAY: '20' })
  const rejected = [
    { grant_types: ['client_credentials'] },
    { token_endpoint_auth_method: 'private_key_jwt' },
    { client_uri: 'javascript:alert(1)' },
    { contacts: 7 },
    { redirect_uris: ['https://evil.example'] },
    { redirect_uris: [] },
  ]
  for (const metadata of rejected)
    for (let more = 0; more < 5; more += 1)
      expect((await small.register({ ...plain, redirect_uris: [CALLBACK], ...metadata })).status).toBe(400)
  const before = await stored()
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => small.register({ ...plain, redirect_uris: [CALLBACK] })),
  )
  // One network gets a tenth of the daily limit.
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
    201, 201, 429, 429, 429, 429,
  ])
  expect(await stored()).toBe(before + 2)
})

const OPTIONAL = fields.filter((field) => field !== 'redirect_uris')

test('B4 null, empty text and empty lists are fields that were not sent', async () => {
  const open = serverWith({ REGISTRATIONS_PER_DAY: '100000' })
  const valid = {
    client_name: 'Client',
    client_uri: 'https://app.example',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    contacts: ['a@app.example'],
  }
  const answerTo = async (metadata: object) => {
    const answer = await open.register({ redirect_uris: [CALLBACK], ...metadata })
    const body: object = await answer.json()
    const returned = Object.entries(body).filter(([name]) => !/^client_(?:id|secret)/.test(name))
    return { status: answer.status, returned, hasSecret: 'client_secret' in body }
  }
  const nothing = fc.constantFrom(null, '', ' ', [], [null], [''])
  await fc.assert(
    fc.asyncProperty(
      fc.subarray(Object.entries(valid)),
      fc.dictionary(fc.constantFrom(...OPTIONAL, 'scope', 'software_id', 'jwks', 'made_up'), nothing),
      async (remaining, empty) => {
        const metadata = Object.fromEntries(remaining)
        expect(await answerTo({ ...empty, ...metadata })).toEqual(await answerTo(metadata))
      },
    ),
    { numRuns: 100 },
  )
  expect(await answerTo({ client_uri: null, token_endpoint_auth_method: null })).toEqual(await answerTo({}))
  expect((await answerTo({ redirect_uris: [CALLBACK, null, ''] })).status).toBe(201)
})

test('the redirect URIs of a document are compared letter by letter as well', async () => {
  const { Claude: claude, 'Claude Code': code } = documents
  await publish(code.client_id, code)
  await publish(claude.client_id, claude)
  expect((await server.authorize(code.client_id, 'http://localhost:5000/callback')).status).toBe(200)
  for (const other of [
    'http://localhost:5000/x/../callback',
    'http://LOCALHOST/callback',
    'http://127.1/callback',
  ])
    expect([other, [400, 403].includes((await server.authorize(code.client_id, other)).status)]).toEqual([
      other,
      true,
    ])
})
