import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type AnotherOp, startAnotherOp } from '../support/another-op.ts'
import { Browser } from '#harness/browser.ts'
import { ada } from '#harness/users.ts'
import { continueSignIn, signIn } from '#harness/sign-in.ts'
import { callToolStateless } from '#harness/transport.ts'
import { storyContext } from '#harness/story.ts'
import { startWorld, type World } from '#harness/world.ts'

// An independent provider plays PingOne, so that a mistake shared by our client and our emulator shows.
let op: AnotherOp
let world: World

beforeAll(async () => {
  op = await startAnotherOp()
  world = await startWorld({ settings: op.settings })
  op.openFor(world.origin)
})
afterEach(() => {
  op.accessTokenSeconds = 3600
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await op[Symbol.asyncDispose]()
})

test('a user signs in through a provider that others wrote, and a tool works with its token', async () => {
  const story = storyContext(world.addresses)
  const client = await story.newClient()
  const { tokens } = await story.signInWith(client, { user: ada, asked: 'todo:read todo:write' })
  expect(tokens.scope).toBe('todo:read todo:write')

  const added = await callToolStateless(client, tokens.access_token, 'addTodo', { text: 'bread' })
  expect(added.body).toMatchObject({ result: { structuredContent: { total: 1 } } })
  const who = await callToolStateless(client, tokens.access_token, 'whoAmI')
  expect(who.body).toMatchObject({
    result: {
      structuredContent: {
        name: 'The one called ada',
        downstreamToken: {
          issuer: op.issuer,
          audience: [op.settings['API_IDENTIFIER']],
          scopes: ['todo:read', 'todo:write'],
          acr: op.settings['PINGONE_DV_POLICY_ID'],
        },
      },
    },
  })
})

test('its tokens are renewed each time they are near their end, with the refresh token that came last', async () => {
  const story = storyContext(world.addresses)
  const client = await story.newClient()
  op.accessTokenSeconds = 30
  const { tokens } = await story.signInWith(client, { user: ada })
  const before = op.grants.length
  for (const _call of [1, 2, 3]) {
    const listed = await callToolStateless(client, tokens.access_token, 'listTodos')
    expect(listed.status).toBe(200)
    expect(JSON.stringify(listed.body)).not.toContain('isError')
  }
  expect(op.grants.slice(before)).toEqual(['refresh_token', 'refresh_token', 'refresh_token'])
})

test('a user who says no there sends the client home with access_denied', async () => {
  const story = storyContext(world.addresses)
  const client = await story.newClient()
  const { url } = client.authorize()
  const { answer } = await signIn(new Browser(), url, { user: ada, apiDecision: 'deny' })
  expect(answer?.get('error')).toBe('access_denied')
})

// RFC 9207 §2.4: its metadata promises `iss`, so a missing `iss` is as wrong as a foreign one.
test.for([
  ['as it came', 'a code', (url: URL) => url],
  ['of another issuer', 'server_error', (url: URL) => url.searchParams.set('iss', 'https://other.example')],
  ['without an issuer', 'server_error', (url: URL) => url.searchParams.delete('iss')],
] as const)('its answer %s gives the client %s', async ([, expected, change]) => {
  const client = await storyContext(world.addresses).newClient()
  const { url } = client.authorize()
  const browser = new Browser()
  const { page } = await signIn(browser, url, { user: ada, stopBefore: 'callback' })
  const answer = new URL(page.next ?? '')
  expect(answer.searchParams.get('iss')).toBe(op.issuer)
  change(answer)
  const end = await continueSignIn(browser, await browser.follow(page, answer), client.redirectUri)
  expect(end.answer?.get('error') ?? (end.answer?.has('code') && 'a code')).toBe(expected)
})
