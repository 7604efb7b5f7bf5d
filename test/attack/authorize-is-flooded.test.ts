import { expect, test } from 'vitest'
import { Browser } from '#harness/browser.ts'
import { streamOf5Mb, sendOversized } from '../support/flood.ts'
import { signIn } from '#harness/sign-in.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()

async function requestWith(change: (parameters: URLSearchParams) => void, query?: string) {
  const client = await story.newClient()
  const { url, state, verifier } = client.authorize()
  change(url.searchParams)
  const opened = query === undefined ? url : new URL(`${url.href}${query}`)
  const page = await new Browser().open(opened)
  return { client, page, state, verifier, answer: Object.fromEntries(page.next?.searchParams ?? []) }
}

test.for(['response_type', 'scope', 'state', 'code_challenge', 'code_challenge_method'])(
  '%s twice is invalid_request, at the client',
  async (name) => {
    for (const value of ['another', '']) {
      const { answer, state } = await requestWith((parameters) => parameters.append(name, value))
      expect(answer).toMatchObject({ error: 'invalid_request', state, iss: story.origin })
    }
  },
)

test.for(['client_id', 'redirect_uri'])(
  '%s twice is a page: nobody knows where it would go',
  async (name) => {
    for (const value of ['https://evil.example/done', '']) {
      const { page } = await requestWith((parameters) => parameters.append(name, value))
      expect({ status: page.status, next: page.next }).toEqual({ status: 400, next: undefined })
    }
  },
)

test('resource may come twice if both are this server, and not with another beside it', async () => {
  const same = await requestWith((p) => p.append('resource', story.mcpUrl))
  expect(same.page.status).toBe(200)
  const { answer } = await requestWith((p) => p.append('resource', 'https://other.example/mcp'))
  expect(answer['error']).toBe('invalid_target')
})

test('a thousand scopes come down to the ones that exist', async () => {
  const scope = Array.from({ length: 1_000 }, (_, at) => `todo:${at}`).join(' ')
  const { page } = await requestWith((p) => p.set('scope', `${scope} todo:write`))
  expect(page.status).toBe(200)
  expect(page.forms[0]?.fields.filter(({ name }) => name === 'scope').map(({ value }) => value)).toEqual([
    'todo:read',
    'todo:write',
  ])
})

test.for([
  ['100 KB of state', (p: URLSearchParams) => p.set('state', 'x'.repeat(100_000))],
  ['100 KB of something unknown', (p: URLSearchParams) => p.set('padding', 'x'.repeat(100_000))],
  [
    'a thousand unknown parameters',
    (p: URLSearchParams) => numbers(3_000).forEach((at) => p.set(`p${at}`, 'xx')),
  ],
] as const)('%s is a page', async ([, change]) => {
  const { page } = await requestWith(change)
  expect(page.status).toBeGreaterThanOrEqual(400)
  expect(page.status).toBeLessThan(500)
})

const numbers = (length: number) => Array.from({ length }, (_, at) => at)

test.for([
  '&state=%',
  '&x=%00',
  '&%ff%fe=%c3%28',
  '&__proto__=1&constructor=1',
  '&scope[]=todo:read',
  '#&x',
  '&&&==&=&',
  '&x=\u202e',
])('an odd query (%j) is no reason to fall over', async (query) => {
  const { page } = await requestWith((p) => p.delete('state'), query)
  expect(page.status).toBeLessThan(500)
})

test.for(['a b&c=d#e?f/"\'<>\\', '%00%0d%0aLocation: https://evil.example', '\u202e\u0000ü😀', '__proto__'])(
  'a state of odd characters (%j) comes back exactly',
  async (state) => {
    const client = await story.newClient()
    const { url } = client.authorize({ state })
    const { answer } = await signIn(new Browser(), url, { user: story.newUser() })
    expect(answer?.get('state')).toBe(state)
    const denied = await signIn(new Browser(), url, { decision: 'deny' })
    expect(denied.answer?.get('state')).toBe(state)
  },
)

test.for([
  'cursor://anysphere.cursor-retrieval/oauth',
  'javascript:alert(1)',
  'data:text/html,x',
  'http://evil.example/done',
])('a redirect to %s is a page, whether or not it was registered', async (redirect) => {
  const uris = ['http://localhost:33418/done', redirect]
  const client = await story.newClient({ redirect_uris: uris }).catch(() => story.newClient())
  const { url } = client.authorize({ redirect_uri: redirect })
  const page = await new Browser().open(url)
  expect([400, 403]).toContain(page.status)
  expect(page.next).toBeUndefined()
  expect(page.headers.get('content-type')).toContain('text/html')
  expect(page.markup).not.toContain(redirect)
})

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const post = (path: string, body: string) =>
  fetch(`${story.origin}${path}`, { method: 'POST', headers: FORM, body, redirect: 'manual' })

test.for([
  ['/authorize', FORM],
  ['/token', FORM],
  ['/register', { 'content-type': 'application/json' }],
] as const)('5 MB sent to %s are refused, with and without a length', async ([path, headers]) => {
  for (const body of ['x'.repeat(5_000_000), streamOf5Mb()]) {
    expect([400, 413, 'closed']).toContain(await sendOversized(`${story.origin}${path}`, { headers, body }))
  }
  const health = async () => (await fetch(`${story.origin}/health`)).status
  await expect.poll(health).toBe(200)
})

test.for([
  '',
  'grant_type',
  'grant_type=password&username=ada&password=demo',
  'grant_type=client_credentials',
  'grant_type=implicit',
  'grant_type=__proto__',
  'grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=x',
  'grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=x',
  'grant_type=authorization_code&code=%00%ff',
  'grant_type=authorization_code&code=a:b:c&code=d:e:f',
  'grant_type=refresh_token&refresh_token=::',
  'token=%00',
])('a token request %j is refused as a request', async (body) => {
  const client = await story.newClient()
  const answer = await post('/token', `${body}&client_id=${client.clientId}`)
  expect(answer.status).toBeGreaterThanOrEqual(body.startsWith('token=') ? 200 : 400)
  expect(answer.status).toBeLessThan(500)
  expect(await answer.text()).not.toContain('access_token')
})

test('a token request with a parameter twice gets no token', async () => {
  const client = await story.newClient()
  const { url, verifier } = client.authorize()
  const { answer } = await signIn(new Browser(), url, { user: story.newUser() })
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: client.clientId,
    code: answer?.get('code') ?? '',
    code_verifier: verifier,
    redirect_uri: client.redirectUri,
  })
  for (const name of form.keys()) {
    const twice = new URLSearchParams(form)
    twice.append(name, form.get(name) ?? '')
    const refused = await post('/token', twice.toString())
    expect([name, refused.status, await refused.json()]).toMatchObject([
      name,
      400,
      { error: 'invalid_request' },
    ])
  }
  expect((await post('/token', form.toString())).status).toBe(200)
})
