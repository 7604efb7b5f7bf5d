import { afterEach, expect, test } from 'vitest'
import { Browser, formOf } from '#harness/browser.ts'
import { describeReply, tokensIn } from '#harness/oauth-client.ts'
import { continueSignIn, signIn } from '#harness/sign-in.ts'
import { storyContext } from '#harness/story.ts'
import { callToolStateless } from '#harness/transport.ts'

const story = storyContext()
const BOTH = 'todo:read todo:write offline_access'

afterEach(() => story.emulator.reset())

test.for([
  ['everything', {}, 'todo:read todo:write'],
  ['less on our page', { scopes: ['todo:read'] }, 'todo:read'],
  ['nothing ticked on our page', { scopes: [] }, 'todo:read'],
  ['less at PingOne', { apiScopes: ['todo:read'] }, 'todo:read'],
] as const)('a user who allows %s', async ([, options, scope]) => {
  const { tokens } = await story.signInWith(await story.newClient(), { asked: BOTH, ...options })
  expect(tokens.scope).toBe(scope)
})

test('a scope that nobody asked for is not granted, even if PingOne gives it', async () => {
  await story.emulator.set({ extraAccessScopes: ['todo:write', 'todo:admin'] })
  const { tokens } = await story.signInWith(await story.newClient(), { asked: 'todo:read' })
  expect(tokens.scope).toBe('todo:read')
})

test('a scope that our form is made to send is not granted when the client did not ask for it', async () => {
  const client = await story.newClient()
  const browser = new Browser()
  const { url, verifier } = client.authorize({ scope: 'todo:read' })
  const page = await browser.open(url)
  const form = formOf(page)
  const forged = {
    ...form,
    fields: [...form.fields, { name: 'scope', value: 'todo:write', type: 'hidden', isTicked: null }],
  }
  const onward = await browser.submit(page, forged, { press: { name: 'decision', value: 'approve' } })
  expect(onward.next?.searchParams.get('scope')).not.toContain('todo:write')
  const end = await signIn(browser, onward.next ?? '', { user: story.newUser(), stopBefore: 'callback' })
  const home = await browser.onward(end.page)
  const tokens = tokensIn(await client.redeem(home.next?.searchParams.get('code') ?? '', verifier))
  expect(tokens.scope).toBe('todo:read')
})

test.for([
  ['on our page', { decision: 'deny' }],
  ['at PingOne', { apiDecision: 'deny' }],
  ['at PingOne, to reading', { apiScopes: ['todo:write'] }],
] as const)('a user who says no %s sends the client home with access_denied', async ([, options]) => {
  const client = await story.newClient()
  const { url, state } = client.authorize({ scope: BOTH })
  const { answer } = await signIn(new Browser(), url, { user: story.newUser(), ...options })
  expect(Object.fromEntries(answer ?? [])).toMatchObject({ error: 'access_denied', state, iss: story.origin })
  expect(answer?.has('code')).toBe(false)
})

test('calling what was not allowed is a challenge with every scope, and a new login lifts it', async () => {
  const client = await story.newClient()
  const user = story.newUser()
  const browser = new Browser()
  const less = await story.signInWith(client, { asked: BOTH, user, browser, scopes: ['todo:read'] })
  const refused = await callToolStateless(client, less.tokens.access_token, 'addTodo', { text: 'x' })
  expect(refused.status).toBe(403)
  const challenge = refused.headers.get('www-authenticate') ?? ''
  expect(challenge).toContain('error="insufficient_scope"')
  expect(challenge).toContain('scope="todo:read todo:write"')
  expect(challenge).toContain(`resource_metadata="${story.origin}/.well-known/oauth-protected-resource/mcp"`)

  const more = await story.signInWith(client, { asked: 'todo:read todo:write', user, browser })
  expect(more.tokens.scope).toBe('todo:read todo:write')
  const done = await callToolStateless(client, more.tokens.access_token, 'addTodo', { text: 'x' })
  expect(describeReply(done)).toContain('"total":1')
})

test('refreshing gives a working pair without asking anybody; revoking ends it', async () => {
  const client = await story.newClient()
  const { tokens } = await story.signInWith(client)
  const before = (await story.emulator.state()).counts
  const next = tokensIn(await client.refresh(tokens.refresh_token ?? ''))
  expect(next.access_token).not.toBe(tokens.access_token)
  expect(next.scope).toBe('todo:read')
  // Decision 7: a client's refresh does not reach PingOne; only a call that needs a token does.
  expect((await story.emulator.state()).counts).toEqual(before)
  const wider = await client.refresh(next.refresh_token ?? '', { scope: 'todo:read todo:write' })
  expect(wider.status === 400 || tokensIn(wider).scope === 'todo:read').toBe(true)

  expect((await client.revoke(next.refresh_token ?? '')).status).toBe(200)
  const dead = await callToolStateless(client, next.access_token, 'listTodos')
  expect(dead.status).toBe(401)
  expect(dead.headers.get('www-authenticate')).toContain('error="invalid_token"')
})

test('a PingOne token near its end is renewed once, however many calls need it', async () => {
  await story.emulator.set({ accessTokenSeconds: 30 })
  const client = await story.newClient()
  const { tokens } = await story.signInWith(client)
  const before = (await story.emulator.state()).grants
  await story.emulator.set({ accessTokenSeconds: null })
  const replies = await Promise.all(
    Array.from({ length: 20 }, () => callToolStateless(client, tokens.access_token, 'listTodos')),
  )
  expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
  expect(JSON.stringify(replies.map(({ body }) => body))).not.toContain('isError')
  const { grants, families } = await story.emulator.state()
  expect((grants['refresh_token'] ?? 0) - (before['refresh_token'] ?? 0)).toBe(1)
  expect(families.every(({ alive }) => alive)).toBe(true)
})

test('without a refresh token, a token of PingOne’s that is almost over brings the reason instead of tokens', async () => {
  await story.emulator.set({ refreshTokens: 'none', accessTokenSeconds: 30 })
  const client = await story.newClient()
  const { url, verifier } = client.authorize()
  const { answer } = await signIn(new Browser(), url, { user: story.newUser() })
  const code = answer?.get('code') ?? ''
  for (const reply of [await client.redeem(code, verifier), await client.redeem(code, verifier)]) {
    expect(reply.body).toMatchObject({
      error: 'invalid_grant',
      error_description: expect.stringContaining('PingOne gave access for a limited time only'),
    })
  }
})

test('a login while PingOne is down says so, and "try again" finishes it', async () => {
  const client = await story.newClient()
  const { url, verifier } = client.authorize()
  const browser = new Browser()
  await story.emulator.set({ faults: { token: '503' } })
  const down = await signIn(browser, url, { user: story.newUser() })
  expect({ stage: down.stage, status: down.page.status }).toEqual({ stage: 'stuck', status: 503 })
  await story.emulator.set({ faults: null })
  const again = await browser.decide(down.page, 'approve')
  const end = await continueSignIn(browser, again, client.redirectUri)
  expect(tokensIn(await client.redeem(end.answer?.get('code') ?? '', verifier)).scope).toBe('todo:read')
})
