import { afterEach, expect, test } from 'vitest'
import { Browser, formOf, type Page } from '#harness/browser.ts'
import type { OAuthClient } from '#harness/oauth-client.ts'
import { continueSignIn, signIn } from '#harness/sign-in.ts'
import { storyContext } from '#harness/story.ts'

// Invariant 4: each story violates one check of a login and nothing else.
const story = storyContext()

afterEach(() => story.emulator.reset())

async function loginWith(switches: Record<string, unknown>, client?: OAuthClient) {
  const { url } = (client ?? (await story.newClient())).authorize({ scope: 'todo:read todo:write' })
  await story.emulator.set(switches)
  return signIn(new Browser(), url, { user: story.newUser() })
}

const expectNoGrant = (answer: URLSearchParams | undefined, error: string) => {
  expect(Object.fromEntries(answer ?? [])).toMatchObject({
    error,
    iss: story.origin,
    state: expect.any(String),
  })
  expect(answer?.get('code')).toBeNull()
}

test('the same login without a violation ends in a code', async () => {
  const { answer } = await loginWith({})
  expect(answer?.get('code')).toMatch(/^[\w.-]+:[\w-]+:[\w-]+$/)
  expect(answer?.get('iss')).toBe(story.origin)
})

test.for([
  'missing',
  'wrong-issuer',
  'wrong-audience',
  'wrong-nonce',
  'no-nonce',
  'wrong-acr',
  'no-acr',
  'wrong-at-hash',
  'expired',
  'unsigned',
  'foreign-key',
  'wrong-subject-type',
])('an id token that is %s ends the login', async (idToken) => {
  const { answer } = await loginWith({ idToken })
  expectNoGrant(answer, 'server_error')
})

test.for(['wrong-acr', 'wrong-audience', 'wrong-issuer', 'no-sid'])(
  'an access token with %s ends the login',
  async (accessToken) => {
    const { answer } = await loginWith({ accessToken })
    expectNoGrant(answer, 'server_error')
  },
)

test('a user in two thousand groups signs in, and one in more than anybody reads is told to the operator', async () => {
  expect((await loginWith({ groupCount: 2000 })).answer?.has('code')).toBe(true)
  expectNoGrant((await loginWith({ groupCount: 30_000 })).answer, 'server_error')
  await expect
    .poll(() => story.logs('mcp'))
    .toMatch(/"level":"error","event":"login.refused","incident":"\w+","reason":"oversized"/)
  expect(story.logs('mcp')).toContain('"event":"pingone.answer-too-large"')
})

test('a code of another login, and a callback without one, end the login', async () => {
  expectNoGrant((await loginWith({ callbackCode: 'foreign' })).answer, 'server_error')
  expectNoGrant((await loginWith({ callbackCode: 'missing' })).answer, 'server_error')
})

test('an answer that names another issuer ends the login; the right one and none are fine', async () => {
  expectNoGrant((await loginWith({ callbackIss: 'wrong' })).answer, 'server_error')
  const right = await loginWith({ callbackIss: 'right' })
  expect(right.answer?.get('code')).not.toBeNull()
})

test.for(['wrong', 'missing'])('a %s state is answered here and leads nowhere', async (callbackState) => {
  const { stage, page } = await loginWith({ callbackState })
  expect({ stage, status: page.status }).toEqual({ stage: 'stuck', status: 400 })
  expect(page.text).toContain('Start again from your app')
})

const toCallback = async (browser: Browser): Promise<Page> => {
  const { url } = (await story.newClient()).authorize()
  return (await signIn(browser, url, { user: story.newUser(), stopBefore: 'callback' })).page
}

test('an answer of PingOne in another browser is refused, and still works in its own', async () => {
  const own = new Browser()
  const page = await toCallback(own)
  const elsewhere = await new Browser().onward(page)
  expect(elsewhere.status).toBe(400)
  expect(elsewhere.next).toBeUndefined()
  const end = await continueSignIn(own, page, 'http://localhost:33418/done')
  expect(end.answer?.get('code')).not.toBeNull()
})

test('an answer of PingOne works once', async () => {
  const browser = new Browser()
  const page = await toCallback(browser)
  expect((await browser.onward(page)).status).toBe(302)
  expect((await browser.onward(page)).status).toBe(400)
})

test('nothing reaches PingOne before the click, and what was set before the click opens no callback', async () => {
  const before = (await story.emulator.state()).counts
  const browser = new Browser()
  const page = await browser.open((await story.newClient()).authorize().url)
  expect(page.status).toBe(200)
  expect(page.next).toBeUndefined()
  expect((await browser.open(`${story.origin}/callback?code=x&state=made-up`)).status).toBe(400)
  expect((await story.emulator.state()).counts).toEqual(before)
})

test('our form works only in the browser that has the page, and not from another site', async () => {
  const browser = new Browser()
  const page = await browser.open((await story.newClient()).authorize().url)
  const form = formOf(page)
  const press = { name: 'decision', value: 'approve' }
  expect((await new Browser().submit(page, form, { press })).status).toBe(400)
  const elsewhere = { ...page, url: new URL('https://evil.example/') }
  expect((await browser.submit(elsewhere, form, { press })).status).toBe(400)
  expect((await browser.submit(page, form, { press })).status).toBe(200)
  expect((await browser.submit(page, form, { press })).status).toBe(400)
})

test.for([
  [{ code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
  [{ code_challenge_method: 'plain' }, 'invalid_request'],
  [{ code_challenge_method: undefined }, 'invalid_request'],
  [{ resource: 'https://other.example/mcp' }, 'invalid_target'],
  [{ response_type: 'token' }, 'unsupported_response_type'],
] as const)('a request with %j goes back to its client as %s', async ([parameters, error]) => {
  for (const method of ['none', 'client_secret_basic']) {
    const client = await story.newClient({ token_endpoint_auth_method: method })
    const { next } = await new Browser().open(client.authorize(parameters).url)
    expectNoGrant(next?.searchParams, error)
  }
})

test.for([
  { client_id: 'nobody' },
  { redirect_uri: 'http://localhost:33418/elsewhere' },
  { redirect_uri: 'https://evil.example/done' },
  { redirect_uri: undefined },
])('a request with %j is answered here: its redirect is not to be trusted', async (parameters) => {
  const client = await story.newClient()
  const page = await new Browser().open(client.authorize(parameters).url)
  expect({ status: page.status, next: page.next }).toEqual({ status: 400, next: undefined })
})

test('codes are redeemed with the right verifier alone, and once', async () => {
  const client = await story.newClient()
  const { url, verifier } = client.authorize()
  const { answer } = await signIn(new Browser(), url, { user: story.newUser() })
  const code = answer?.get('code') ?? ''
  expect((await client.redeem(code, 'x'.repeat(43))).status).toBe(400)
  expect((await client.redeem(code, verifier)).status).toBe(200)
  expect((await client.redeem(code, verifier)).body).toMatchObject({ error: 'invalid_grant' })
})
