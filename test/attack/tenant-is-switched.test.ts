import { afterAll, beforeAll, expect, test } from 'vitest'
import { EMULATOR_ENVIRONMENT_ID } from '#harness/local/plan.ts'
import { type AnotherTenant, startAnotherTenant } from '../support/another-tenant.ts'
import { Browser } from '#harness/browser.ts'
import { callToolStateless, TRANSPORTS, openTransport } from '#harness/transport.ts'
import { tokensIn } from '#harness/oauth-client.ts'
import { continueSignIn, signIn } from '#harness/sign-in.ts'
import { storyContext } from '#harness/story.ts'
import { startWorld, type World } from '#harness/world.ts'

let world: World
let other: AnotherTenant
const story = () => storyContext(world.addresses)

beforeAll(async () => {
  other = await startAnotherTenant()
  world = await startWorld({ settings: { ALLOWED_ENVIRONMENTS: EMULATOR_ENVIRONMENT_ID } })
})
afterAll(async () => {
  await world.stop()
  await other[Symbol.asyncDispose]()
})

test('T27 a token of an environment that is not allowed brings no login and no renewal, and ends nothing', async () => {
  // The token expires so soon that each call refreshes it first.
  await story().emulator.set({ accessTokenSeconds: 30 })
  const client = await story().newClient()
  const { tokens } = await story().signInWith(client)
  await story().emulator.set({ accessToken: 'wrong-environment' })
  expect((await callToolStateless(client, tokens.access_token, 'listTodos')).status).toBe(503)
  const { url } = client.authorize()
  const { answer } = await signIn(new Browser(), url, { user: story().newUser() })
  expect(answer?.get('error')).toBe('server_error')
  await expect.poll(() => story().logs('mcp')).toContain('access token env')
  await story().emulator.set({ accessToken: null })
  expect((await callToolStateless(client, tokens.access_token, 'listTodos')).status).toBe(200)
})

test('T27 settings that name another tenant for a while: it gets nothing, and the same clients go on', async () => {
  await story().emulator.set({ accessTokenSeconds: 30 })
  const transports = await Promise.all(TRANSPORTS.map((transport) => openTransport(story(), transport)))
  const client = await story().newClient()
  const { tokens } = await story().signInWith(client)
  const leaving = await story().newClient()
  const left = (await story().signInWith(leaving)).tokens
  const begun = await story().newClient()
  const { url } = begun.authorize()
  const browser = new Browser()
  const user = story().newUser()
  const { page } = await signIn(browser, url, { user, stopBefore: 'callback' })

  await world.restart('mcp', { PINGONE_ISSUER: other.issuer, ALLOWED_ENVIRONMENTS: undefined })
  for (const transport of transports) expect((await transport.call('listTodos', {})).status).toBe(503)
  const authorization = `Bearer ${tokens.access_token}`
  const replies = [
    await callToolStateless(client, tokens.access_token, 'listTodos'),
    await client.mcp({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, { authorization }),
    await client.refresh(tokens.refresh_token ?? ''),
  ]
  for (const { status, headers } of replies)
    expect([status, Number(headers.get('retry-after')) > 0]).toEqual([503, true])
  // A user can always sign out; the revocation at PingOne follows when the settings are right again.
  expect((await leaving.revoke(left.refresh_token ?? '')).status).toBe(200)
  expect((await callToolStateless(leaving, left.access_token, 'listTodos')).status).toBe(401)
  const { answer } = await continueSignIn(browser, page, begun.redirectUri, { user })
  expect(answer?.get('error')).toBe('server_error')
  await expect.poll(() => story().logs('mcp')).toContain('"event":"grant.refused"')
  expect(other.requests).toEqual([])

  await world.restart('mcp', {
    PINGONE_ISSUER: world.addresses.issuer,
    ALLOWED_ENVIRONMENTS: EMULATOR_ENVIRONMENT_ID,
  })
  for (const transport of transports) expect((await transport.call('listTodos', {})).status).toBe(200)
  expect((await callToolStateless(client, tokens.access_token, 'listTodos')).status).toBe(200)
  const next = tokensIn(await client.refresh(tokens.refresh_token ?? ''))
  expect((await callToolStateless(client, next.access_token, 'listTodos')).status).toBe(200)
})
