import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { expect, test } from 'vitest'
import { connectMcp, connectV1, withSignIn } from '#harness/mcp-clients.ts'
import { OwnPage } from '#harness/own-page.ts'
import type { OnStep } from '#harness/steps.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()
const LIST = 'todo://list'
const asked = { scope: 'todo:read todo:write' }

/** A user's client on the session transport and its notifications. */
async function listener(user = story.newUser()) {
  let isListening = false
  const onStep: OnStep = ({ method, url, status }) => {
    if (method === 'GET' && url.pathname === '/mcp' && status === 200) isListening = true
  }
  const connection = await connectV1(story.mcpUrl, { signIn: { user }, onStep, ...asked })
  const heard: string[] = []
  connection.client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
    heard.push(params.uri)
  })
  // The SDK opens its stream in the background and misses earlier events.
  await expect.poll(() => isListening).toBe(true)
  return { user, connection, heard }
}
type Listener = Awaited<ReturnType<typeof listener>>

async function writer({ user }: Pick<Listener, 'user'>) {
  const connection = await connectMcp('sdk-v2-2026', story.mcpUrl, { signIn: { user }, ...asked })
  const add = (text: string) => withSignIn(connection, () => connection.callTool('addTodo', { text }))
  return Object.assign(connection, { add })
}

test('a client hears that another client of its user changed what it subscribed to, and nobody else hears it', async () => {
  const [ada, bob] = [await listener(), await listener()]
  await using adaListens = ada.connection
  await using bobListens = bob.connection
  await using adaWrites = await writer(ada)
  await using bobWrites = await writer(bob)
  expect(adaListens.client.getServerCapabilities()?.resources).toEqual({
    listChanged: false,
    subscribe: true,
  })
  for (const { client } of [adaListens, bobListens]) await client.subscribeResource({ uri: LIST })

  await adaWrites.add('Buy milk')
  await expect.poll(() => ada.heard).toEqual([LIST])
  const { contents } = await adaListens.client.readResource({ uri: LIST })
  expect(JSON.stringify(contents)).toContain('Buy milk')

  await bobWrites.add('Sell milk')
  await expect.poll(() => bob.heard).toEqual([LIST])
  // Bob's notification was sent last, so Ada's have arrived.
  expect(ada.heard).toEqual([LIST])

  await adaListens.client.unsubscribeResource({ uri: LIST })
  await adaListens.client.subscribeResource({ uri: 'todo://items/a' })
  await adaWrites.add('Drink milk')
  await expect.poll(() => ada.heard).toEqual([LIST, 'todo://items/a'])
})

test('whose access has ended hears nothing any more, while another client of the user does', async () => {
  const ended = await listener()
  const other = await listener(ended.user)
  await using endedListens = ended.connection
  await using otherListens = other.connection
  await using writes = await writer(ended)
  for (const { client } of [endedListens, otherListens]) await client.subscribeResource({ uri: LIST })
  await writes.add('Buy milk')
  await expect.poll(() => [ended.heard, other.heard]).toEqual([[LIST], [LIST]])

  const me = await OwnPage.signIn(story.origin, ended.user, endedListens.provider.browser)
  const [, grant = ''] = (endedListens.provider.tokens()?.access_token ?? '').split(':')
  await me.end(grant)
  await writes.add('Sell milk')
  await expect.poll(() => other.heard).toEqual([LIST, LIST])
  expect(ended.heard).toEqual([LIST])
})
