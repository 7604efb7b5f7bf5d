import { afterEach, expect, test } from 'vitest'
import { Cutoffs } from '#operate/api-schema.ts'
import { Browser } from '#harness/browser.ts'
import type { OAuthClient } from '#harness/oauth-client.ts'
import { Operator } from '#harness/operator.ts'
import { continueSignIn, signIn } from '#harness/sign-in.ts'
import { storyContext } from '#harness/story.ts'
import { callToolStateless, openSession } from '#harness/transport.ts'
import { grace } from '#harness/users.ts'
import { idOf, perform } from '../support/operate.ts'

const story = storyContext()
afterEach(() => story.emulator.reset())

const statusOf = async (client: OAuthClient, token: string) =>
  (await callToolStateless(client, token, 'listTodos')).status

test('T50 blocking a user stops a login that is under way, and unblocking lets them in', async () => {
  const operator = await Operator.signIn(story.origin, grace)
  const client = await story.newClient()
  const { user } = await story.signInWith(client)
  const id = await idOf(operator, user.username)
  const browser = new Browser()
  const { url } = client.authorize()
  const half = await signIn(browser, url, { user, stopBefore: 'callback' })
  await perform(operator, { operation: 'block-user', user: id })
  const end = await continueSignIn(browser, half.page, client.redirectUri, { user })
  expect(end.answer?.get('error')).toBe('access_denied')
  await perform(operator, { operation: 'unblock-user', user: id })
  const { tokens } = await story.signInWith(client, { user })
  expect(await statusOf(client, tokens.access_token)).toBe(200)
})

test('T50 ending a client ends it for every user, while one of them logs in', async () => {
  const operator = await Operator.signIn(story.origin, grace)
  const client = await story.newClient()
  const [one, two] = [await story.signInWith(client), await story.signInWith(client)]
  const session = await openSession(client, two.tokens.access_token)
  const [browser, third] = [new Browser(), story.newUser()]
  const authorization = client.authorize()
  const half = await signIn(browser, authorization.url, { user: third, stopBefore: 'callback' })
  await Promise.all([idOf(operator, one.user.username), idOf(operator, two.user.username)])
  const target = { operation: 'end-client', client: client.clientId } as const
  expect((await operator.post('/acts/preview', target)).body).toMatchObject({
    affects: { users: 2, grants: 2 },
    isWalk: true,
  })
  expect((await perform(operator, target)).affected).toEqual({ users: 2, grants: 2 })
  expect(await statusOf(client, one.tokens.access_token)).toBe(401)
  expect(await statusOf(client, two.tokens.access_token)).toBe(401)
  expect((await client.refresh(one.tokens.refresh_token ?? '')).body).toMatchObject({
    error: 'invalid_grant',
  })
  const inSession = await client.mcp(
    { jsonrpc: '2.0', id: 1, method: 'tools/list' },
    { authorization: `Bearer ${two.tokens.access_token}`, 'mcp-session-id': session },
  )
  expect(inSession.status).toBe(401)
  // A grant knows the second of its login, so the end of a client counts until the end of its second.
  const { cutoffs } = Cutoffs.parse((await operator.get('/cutoffs')).body)
  const until = Date.parse(cutoffs.find((one) => one.client === client.clientId)?.endedBefore ?? '')
  await expect.poll(() => Date.now()).toBeGreaterThanOrEqual(until)
  // A login that ends after the act is a new decision of its user.
  const { answer } = await continueSignIn(browser, half.page, client.redirectUri, { user: third })
  const redeemed = await client.redeem(answer?.get('code') ?? '', authorization.verifier)
  expect(redeemed.status).toBe(200)
})

test('T50 a blocked client ends also where the walk did not find it, and no login gets it in', async () => {
  const operator = await Operator.signIn(story.origin, grace)
  const client = await story.newClient()
  const browser = new Browser()
  const { url } = client.authorize()
  const half = await signIn(browser, url, { user: story.newUser(), stopBefore: 'callback' })
  // D1 does not know this login yet.
  const { tokens } = await story.signInWith(client)
  await perform(operator, { operation: 'block-client', client: client.clientId })
  await expect.poll(() => statusOf(client, tokens.access_token)).toBe(401)
  expect((await client.refresh(tokens.refresh_token ?? '')).body).toMatchObject({ error: 'invalid_grant' })
  const { page, stage } = await continueSignIn(browser, half.page, client.redirectUri)
  expect([stage, page.status, page.title]).toEqual(['stuck', 403, 'This app is blocked here'])
  await perform(operator, { operation: 'unblock-client', client: client.clientId })
  expect(await statusOf(client, tokens.access_token)).toBe(401)
  await expect
    .poll(async () => {
      const again = await story.signInWith(client)
      return statusOf(client, again.tokens.access_token)
    })
    .toBe(200)
})
