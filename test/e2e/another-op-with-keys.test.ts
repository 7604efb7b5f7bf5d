import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AnotherOp, startAnotherOp } from '../support/another-op.ts'
import { Browser } from '#harness/browser.ts'
import { makePrivateJwk } from '#harness/make-private-jwk.ts'
import { ada } from '#harness/users.ts'
import { signIn } from '#harness/sign-in.ts'
import { callToolStateless } from '#harness/transport.ts'
import { storyContext } from '#harness/story.ts'
import { startWorld, type World } from '#harness/world.ts'

// An independent implementation of private_key_jwt (RFC 7523) and pushed requests (RFC 9126); it accepts nothing else.
let op: AnotherOp
let world: World

beforeAll(async () => {
  op = await startAnotherOp({ privateKey: makePrivateJwk('ours') })
  world = await startWorld({ settings: op.settings })
  op.openFor(world.origin)
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await op[Symbol.asyncDispose]()
})

test('a pushed login, renewals and the end work with assertions instead of a secret', async () => {
  const story = storyContext(world.addresses)
  const client = await story.newClient()
  op.accessTokenSeconds = 30
  const { tokens } = await story.signInWith(client, { user: ada })
  expect(op.pushed).toBe(1)
  for (const _call of [1, 2]) {
    expect((await callToolStateless(client, tokens.access_token, 'listTodos')).status).toBe(200)
  }
  expect(op.grants).toEqual(['authorization_code', 'refresh_token', 'refresh_token'])
  await client.revoke(tokens.refresh_token ?? '')
  await expect.poll(() => op.revoked).toBe(1)
  op.accessTokenSeconds = 3600
})

test('the browser carries nothing of the request but its name', async () => {
  const client = await storyContext(world.addresses).newClient()
  const browser = new Browser()
  const { page } = await signIn(browser, client.authorize().url, { user: ada, stopBefore: 'pingone' })
  expect([...new URL(page.next ?? '').searchParams.keys()]).toEqual(['client_id', 'request_uri'])
})
