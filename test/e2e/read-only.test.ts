import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type OAuthClient,
  ResourceMetadata,
  ServerMetadata,
  type Tokens,
  tokensIn,
} from '#harness/oauth-client.ts'
import { Browser } from '#harness/browser.ts'
import { callToolStateless, type Transport, TRANSPORTS, openTransport } from '#harness/transport.ts'
import { signIn } from '#harness/sign-in.ts'
import { storyContext } from '#harness/story.ts'
import { startWorld, type World } from '#harness/world.ts'

const WRITES = ['addTodo', 'updateTodo', 'deleteTodo']
const ASKED = 'todo:read todo:write'

let world: World
let transports: Transport[]
let client: OAuthClient
/** Granted with write access before the profile changed. */
let tokens: Tokens
const story = () => storyContext(world.addresses)

beforeAll(async () => {
  world = await startWorld()
  transports = await Promise.all(TRANSPORTS.map((transport) => openTransport(story(), transport)))
  client = await story().newClient()
  tokens = (await story().signInWith(client, { asked: ASKED })).tokens
  await world.restart('mcp', { PROFILE: 'read-only' })
})
afterAll(() => world.stop())

test('tools that change anything are in no list, and calling one finds no tool', async () => {
  for (const transport of transports) {
    const { method: _, params, ...message } = Object(transport.message('listTodos'))
    const list = { ...message, method: 'tools/list', params: { _meta: params._meta } }
    const { text } = await transport.send(JSON.stringify(list), { 'mcp-method': 'tools/list' })
    expect(text).toContain('"listTodos"')
    for (const name of WRITES) {
      expect(text).not.toContain(`"${name}"`)
      const called = await transport.call(name, { id: 'x', text: 'x', completed: true })
      expect(called.text).toMatch(/not found|Unknown tool/i)
      expect(called.text).not.toContain('scope')
    }
    expect(await transport.todos()).toEqual([])
  }
})

test('what was granted before counts for reading alone', async () => {
  const who = await callToolStateless(client, tokens.access_token, 'whoAmI')
  expect(who).toMatchObject({
    status: 200,
    body: { result: { structuredContent: { scopes: ['todo:read'] } } },
  })
  tokens = tokensIn(await client.refresh(tokens.refresh_token ?? ''))
  expect(tokens.scope).toBe('todo:read')
})

test('writing is offered nowhere, asked of nobody and given to no one', async () => {
  const { origin } = world.addresses
  for (const path of ['oauth-authorization-server', 'oauth-protected-resource/mcp']) {
    const { body } = await client.get(`${origin}/.well-known/${path}`)
    const document = path.includes('server') ? ServerMetadata.parse(body) : ResourceMetadata.parse(body)
    expect(JSON.stringify(document)).not.toContain('todo:write')
  }
  const another = await story().newClient()
  const { url, verifier } = another.authorize({ scope: ASKED })
  const browser = new Browser()
  const { page } = await signIn(browser, url, { stopBefore: 'consent' })
  expect(page.text).not.toMatch(/change and delete/)
  const { answer } = await signIn(browser, url, { user: story().newUser(), scopes: ASKED.split(' ') })
  const given = tokensIn(await another.redeem(answer?.get('code') ?? '', verifier))
  expect(given.scope).toBe('todo:read')
  const { timeline } = await story().emulator.state()
  // Newest first.
  const last = timeline.find(({ endpoint }) => endpoint === 'authorize')
  expect(last?.asked['scope']).toContain('todo:read')
  expect(last?.asked['scope']).not.toContain('todo:write')
})

test('with the full profile back, an older grant has again what it was given', async () => {
  await world.restart('mcp', { PROFILE: undefined })
  const { access_token: token, scope } = tokensIn(await client.refresh(tokens.refresh_token ?? ''))
  expect(scope).toBe(ASKED)
  expect((await callToolStateless(client, token, 'addTodo', { text: 'again' })).status).toBe(200)
  for (const transport of transports)
    expect((await transport.call('addTodo', { text: 'again' })).status).toBe(200)
})
