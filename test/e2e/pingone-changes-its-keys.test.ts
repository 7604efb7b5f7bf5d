import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Lane, LANES, openLane } from '../support/transport.ts'
import { tellStory } from '../support/story.ts'
import { startWorld, type World } from '../support/world.ts'

// A system of its own: the API asks for unknown keys only once in ten seconds, whoever made it ask.
let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world?.stop())

type Story = ReturnType<typeof tellStory>

/** Somebody signed in in each lane. */
const openLanes = (story: Story) => Promise.all(LANES.map((lane) => openLane(story, lane)))
const redemptions = async ({ standIn }: Story) => (await standIn.state()).grants['refresh_token'] ?? 0
const todosOf = (lanes: readonly Lane[]) => Promise.all(lanes.map((lane) => lane.todos()))

async function add(lanes: readonly Lane[], text: string): Promise<void> {
  const done = { status: 200, text: expect.stringContaining('"structuredContent"') }
  for (const lane of lanes) expect(await lane.call('addTodo', { text })).toEqual(done)
}

test('no live session notices that PingOne changed its keys: the old one and the new one are taken', async () => {
  const story = tellStory(world.addresses)
  const lasting = await openLanes(story)
  // With so little left, each call has its token renewed first.
  await story.standIn.set({ accessTokenSeconds: 30 })
  const renewed = await openLanes(story)
  await add(renewed, 'old key')
  await story.standIn.rotateKeys()
  const before = await redemptions(story)
  await add(renewed, 'new key')
  expect(await redemptions(story)).toBe(before + LANES.length)
  await add(lasting, 'old key')
  expect(await todosOf(renewed)).toEqual(LANES.map(() => ['old key', 'new key']))
  expect(await todosOf(lasting)).toEqual(LANES.map(() => ['old key']))
  await story.standIn.reset()
})

test('a PingOne that drops its old key at once costs one renewal a person, however many calls they make', async () => {
  await world.restart('todo-api')
  const story = tellStory(world.addresses)
  const lanes = await openLanes(story)
  await add(lanes, 'before')
  await story.standIn.rotateKeys({ isOldDropped: true })
  await add(lanes, 'unheard')
  // The API hears of the new key by a token that has it; from then on it refuses the old one.
  await add(await openLanes(story), 'heard')
  const before = await redemptions(story)
  const calls = Array.from({ length: 8 }, () => todosOf(lanes))
  await Promise.all([...calls, add(lanes, 'once')])
  expect(await todosOf(lanes)).toEqual(LANES.map(() => ['before', 'unheard', 'once']))
  expect(await redemptions(story)).toBe(before + LANES.length)
  const { families } = await story.standIn.state()
  expect(families.every(({ alive }) => alive)).toBe(true)
})
