import { afterAll, beforeAll, expect, test } from 'vitest'
import { Browser } from '../support/browser.ts'
import { OAuthClient } from '../support/oauth-client.ts'
import { tellStory } from '../support/story.ts'
import { startWorld, type World } from '../support/world.ts'

// As a deployment has it (decision 16); the shared world admits everybody, as `npm start` does.
let world: World
beforeAll(async () => {
  world = await startWorld({ settings: { CLIENT_ADMISSION: 'known' } })
})
afterAll(() => world.stop())

const local = 'http://localhost:33418/done'

test('a client on this computer registers, signs in and works', async () => {
  const story = tellStory(world.addresses)
  const client = await story.newClient()
  const { tokens } = await story.signInWith(client)
  const again = await client.refresh(tokens.refresh_token ?? '')
  expect(again.status).toBe(200)
  const answer = await client.mcp(
    { jsonrpc: '2.0', id: 1, method: 'tools/list' },
    { authorization: `Bearer ${tokens.access_token}` },
  )
  expect(answer.status).not.toBe(401)
})

test('an address on the web that nobody admitted is a page, also where it was registered beside a local one', async () => {
  const story = tellStory(world.addresses)
  const stranger = 'https://evil.example/callback'
  const client = await story.newClient({ redirect_uris: [local, stranger] })
  const page = await new Browser().open(client.authorize({ redirect_uri: stranger }).url)
  expect(page).toMatchObject({ status: 403, next: undefined, forms: [] })
  expect(page.text).toContain('This app is not admitted here')
  const alone = new OAuthClient(story.mcpUrl)
  await alone.discover()
  await expect(alone.register({ redirect_uris: [stranger] })).rejects.toThrow('invalid_redirect_uri')
  await expect.poll(() => story.logs('mcp')).toContain('"client.not-admitted"')
})

test('a document that nobody admitted is a page, and /token knows no such client', async () => {
  const client = await tellStory(world.addresses).newClient()
  const document = 'https://claude.ai.evil.example/oauth/mcp-oauth-client-metadata'
  const page = await new Browser().open(client.authorize({ client_id: document }).url)
  expect(page).toMatchObject({ status: 403, next: undefined })
  const answer = await client.refresh('x:y:z', { client_id: document })
  expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
})
