import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Transport, TRANSPORTS, openTransport } from '#harness/transport.ts'
import { storyContext } from '#harness/story.ts'
import { startWorld, type World } from '#harness/world.ts'

// A separate system, because the API fetches unknown keys at most once in ten seconds.
let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world?.stop())

type Story = ReturnType<typeof storyContext>

/** A signed-in user on each transport. */
const openTransports = (story: Story) =>
  Promise.all(TRANSPORTS.map((transport) => openTransport(story, transport)))
const redemptions = async ({ emulator }: Story) => (await emulator.state()).grants['refresh_token'] ?? 0
const todosOf = (transports: readonly Transport[]) =>
  Promise.all(transports.map((transport) => transport.todos()))

async function add(transports: readonly Transport[], text: string): Promise<void> {
  const done = { status: 200, text: expect.stringContaining('"structuredContent"') }
  for (const transport of transports) expect(await transport.call('addTodo', { text })).toEqual(done)
}

test('no live session notices that PingOne changed its keys: the old one and the new one are taken', async () => {
  const story = storyContext(world.addresses)
  const lasting = await openTransports(story)
  // The token expires so soon that each call refreshes it first.
  await story.emulator.set({ accessTokenSeconds: 30 })
  const renewed = await openTransports(story)
  await add(renewed, 'old key')
  await story.emulator.rotateKeys()
  const before = await redemptions(story)
  await add(renewed, 'new key')
  expect(await redemptions(story)).toBe(before + TRANSPORTS.length)
  await add(lasting, 'old key')
  expect(await todosOf(renewed)).toEqual(TRANSPORTS.map(() => ['old key', 'new key']))
  expect(await todosOf(lasting)).toEqual(TRANSPORTS.map(() => ['old key']))
  await story.emulator.reset()
})

test('a PingOne that drops its old key at once costs one renewal a user, however many calls they make', async () => {
  await world.restart('api')
  const story = storyContext(world.addresses)
  const transports = await openTransports(story)
  await add(transports, 'before')
  await story.emulator.rotateKeys({ isOldDropped: true })
  await add(transports, 'unheard')
  // The API fetches the new key for a token that names it, and then rejects the old key.
  await add(await openTransports(story), 'heard')
  const before = await redemptions(story)
  const calls = Array.from({ length: 8 }, () => todosOf(transports))
  await Promise.all([...calls, add(transports, 'once')])
  expect(await todosOf(transports)).toEqual(TRANSPORTS.map(() => ['before', 'unheard', 'once']))
  expect(await redemptions(story)).toBe(before + TRANSPORTS.length)
  const { families } = await story.emulator.state()
  expect(families.every(({ alive }) => alive)).toBe(true)
})
