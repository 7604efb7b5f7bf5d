import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { NAMED_META, rpcRequest } from '#harness/messages.ts'
import { openSession, openTransport, TRANSPORTS } from '#harness/transport.ts'
import { storyContext } from '#harness/story.ts'
import { startWorld } from '#harness/world.ts'

const story = storyContext()
afterEach(() => story.emulator.reset())

const redemptions = async () => (await story.emulator.state()).grants['refresh_token'] ?? 0

describe.each(TRANSPORTS)('a live session of the %s transport', (transport) => {
  test('whose PingOne token has run out goes on: the next call just works', async () => {
    await story.emulator.set({ accessTokenSeconds: 3 })
    const open = await openTransport(story, transport)
    const before = await redemptions()
    // Expired for PingOne and the API.
    await sleep(3500)
    await story.emulator.set({ accessTokenSeconds: null })
    const added = await open.call('addTodo', { text: `after the end, ${transport}` })
    expect([added.status, added.text]).toEqual([200, expect.stringContaining('"total":1')])
    expect(await redemptions()).toBe(before + 1)
    expect(await open.todos()).toEqual([`after the end, ${transport}`])
    // The new token is long-lived, so there are no more requests to PingOne.
    expect(await redemptions()).toBe(before + 1)
  })
})

test('an ending closes the open streams of every session of the grant, and no stream of another', async () => {
  const client = await story.newClient()
  const user = story.newUser()
  const grants = [await story.signInWith(client, { user }), await story.signInWith(client, { user })]
  const connect = async (token: string) => {
    const authorization = `Bearer ${token}`
    const session = await openSession(client, token)
    const headers = { accept: 'text/event-stream', authorization, 'mcp-session-id': session }
    const stream = {
      isOver: false,
      status: 0,
      list: () => client.mcp(list, { authorization, 'mcp-session-id': session }),
    }
    const response = await fetch(story.mcpUrl, { headers })
    stream.status = response.status
    void response.text().then(() => (stream.isOver = true))
    return stream
  }
  const [first, second] = grants.map(({ tokens }) => tokens)
  const ending = [await connect(first?.access_token ?? ''), await connect(first?.access_token ?? '')]
  const staying = await connect(second?.access_token ?? '')
  expect([...ending, staying].map(({ status }) => status)).toEqual([200, 200, 200])

  await client.revoke(first?.refresh_token ?? '')
  for (const { list } of ending) expect((await list()).status).toBe(401)
  await expect.poll(() => ending.map(({ isOver }) => isOver)).toEqual([true, true])
  expect([staying.isOver, (await staying.list()).status]).toEqual([false, 200])
  await client.revoke(second?.refresh_token ?? '')
  await expect.poll(() => staying.isOver).toBe(true)
})

const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }

test('the stateless transport leaves no stream open that an ending would have to close', async () => {
  const open = await openTransport(story, 'stateless')
  const all = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true }
  const notifications = { ...all, resourceSubscriptions: ['x:y'] }
  const message = rpcRequest('subscriptions/listen', { _meta: NAMED_META, notifications })
  // The acknowledgement lists the accepted notifications, which are none, and the stream ends.
  const { status, text } = await open.send(JSON.stringify(message), { 'mcp-method': 'subscriptions/listen' })
  expect(status).toBe(200)
  expect(text).toContain('"notifications":{}')
  expect(text).toContain('"resultType":"complete"')
})

test('a session outlives a restart of the Worker on the same state, as in a deploy', async () => {
  await using world = await startWorld()
  const own = storyContext(world.addresses)
  const open = await openTransport(own, 'session')
  await open.call('addTodo', { text: 'before' })
  await world.kill9('mcp')
  await world.restart('mcp')
  const added = await open.call('addTodo', { text: 'after' })
  expect([added.status, added.text]).toEqual([200, expect.stringContaining('"structuredContent"')])
  expect(await open.todos()).toEqual(['before', 'after'])
}, 60_000)
