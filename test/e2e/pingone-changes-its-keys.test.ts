import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Transport, TRANSPORTS, openTransport } from '../support/transport.ts'
import { tellStory } from '../support/story.ts'
import { startWorld, type World } from '../support/world.ts'

// A system of its own: the API asks for unknown keys only once in ten seconds, whoever made it ask.
let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world?.stop())

type Story = ReturnType<typeof tellStory>

/** Somebody signed in on each transport. */
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
  const story = tellStory(world.addresses)
  const lasting = await openTransports(story)
  // With so little left, each call has its token renewed first.
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
  await world.restart('todo-api')
  const story = tellStory(world.addresses)
  const transports = await openTransports(story)
  await add(transports, 'before')
  await story.emulator.rotateKeys({ isOldDropped: true })
  await add(transports, 'unheard')
  // The API hears of the new key by a token that has it; from then on it refuses the old one.
  await add(await openTransports(story), 'heard')
  const before = await redemptions(story)
  const calls = Array.from({ length: 8 }, () => todosOf(transports))
  await Promise.all([...calls, add(transports, 'once')])
  expect(await todosOf(transports)).toEqual(TRANSPORTS.map(() => ['before', 'unheard', 'once']))
  expect(await redemptions(story)).toBe(before + TRANSPORTS.length)
  const { families } = await story.emulator.state()
  expect(families.every(({ alive }) => alive)).toBe(true)
})
