import { expect, test } from 'vitest'
import { HeadCache } from '#control/head-cache.ts'
import type { Head } from '#control/head.ts'
import { REPLICAS } from '#control/replicas.ts'

const headOf = (sequence: number, bundles = ['bundle']): Head => ({
  sequence,
  policy: `policy-${sequence}`,
  switches: [],
  bundles,
})

/** A cache over replicas that a test controls. */
function world() {
  const state = {
    nowMs: 1_000_000,
    head: headOf(1) as Head | null,
    down: new Set<string>(),
    silent: new Set<string>(),
    reads: [] as string[],
    adoptions: 0,
    bundle: 'bundle' as string | null,
    random: 0,
    isShared: true,
    later: [] as Promise<unknown>[],
    adopt: async (): Promise<Head | null> => state.head,
  }
  const cache = new HeadCache({
    nowMs: () => state.nowMs,
    maxAgeMs: 60_000,
    readHead: async (replica) => {
      state.reads.push(replica)
      if (state.down.has(replica)) throw new Error(`${replica} does not answer`)
      return state.silent.has(replica) ? new Promise<never>(() => {}) : state.head
    },
    bundle: async () => state.bundle,
    isShared: () => state.isShared,
    adopt: () => {
      state.adoptions += 1
      return state.adopt()
    },
    random: () => state.random,
  })
  const ask = (notBeforeMs?: number) => cache.head((work) => state.later.push(work), notBeforeMs)
  const settle = async () => {
    while (state.later.length > 0) await state.later.shift()
  }
  return { state, ask, settle }
}

const failAll = ({ down }: { down: Set<string> }) => REPLICAS.forEach((name) => down.add(name))

test('the first request reads the head; for a second nobody reads it again', async () => {
  const { state, ask, settle } = world()
  expect(await ask()).toEqual(headOf(1))
  state.nowMs += 1_000
  expect(await ask()).toEqual(headOf(1))
  await settle()
  expect(state.reads).toEqual(['replica-0'])
})

test('up to three seconds old it is used as it is, and read again once after an answer', async () => {
  const { state, ask, settle } = world()
  await ask()
  await settle()
  state.head = headOf(2)
  state.nowMs += 3_000
  expect(await ask()).toEqual(headOf(1))
  expect(await ask()).toEqual(headOf(1))
  expect(state.later).toHaveLength(1)
  await settle()
  expect(await ask()).toEqual(headOf(2))
  expect(state.reads).toHaveLength(2)
})

test('a refresh whose request was cancelled does not stop the next one', async () => {
  const { state, ask } = world()
  await ask()
  state.nowMs += 1_500
  await ask()
  expect(state.later).toHaveLength(2)
  state.nowMs += 1_000
  await ask()
  expect(state.later).toHaveLength(3)
})

test('older than three seconds it is read first, by each request for itself', async () => {
  const { state, ask } = world()
  await ask()
  state.head = headOf(2)
  state.nowMs += 3_001
  expect(await Promise.all([ask(), ask()])).toEqual([headOf(2), headOf(2)])
  expect(state.reads).toHaveLength(3)
})

test('when one replica does not answer, another one does', async () => {
  const { state, ask } = world()
  state.down.add('replica-3')
  state.random = 0.99
  expect(await ask()).toEqual(headOf(1))
  expect(state.reads).toEqual(['replica-3', 'replica-2'])
})

test('a replica that is silent is given up, and with all of them silent the last head counts', async () => {
  const { state, ask } = world()
  state.silent.add('replica-0')
  expect(await ask()).toEqual(headOf(1))
  expect(state.reads).toEqual(['replica-0', 'replica-1'])
  for (const name of REPLICAS) state.silent.add(name)
  state.nowMs += 3_001
  expect(await ask()).toEqual(headOf(1))
})

test('without replicas the last head counts up to its maximum age, and then none', async () => {
  const { state, ask } = world()
  await ask()
  failAll(state)
  state.nowMs += 60_000
  expect(await ask()).toEqual(headOf(1))
  state.nowMs += 1
  expect(await ask()).toBeNull()
  state.down.clear()
  expect(await ask()).toEqual(headOf(1))
})

test('a head never goes back, and one from a replica that is behind confirms nothing', async () => {
  const { state, ask } = world()
  state.head = headOf(2)
  await ask()
  state.head = headOf(1)
  state.nowMs += 60_000
  expect(await ask()).toEqual(headOf(2))
  state.nowMs += 1
  expect(await ask()).toBeNull()
})

test('what follows a question gets a head that was confirmed after it, or none', async () => {
  const { state, ask } = world()
  await ask()
  const askedMs = state.nowMs + 500
  state.nowMs += 900
  state.head = headOf(2)
  expect(await ask()).toEqual(headOf(1))
  expect(await ask(askedMs)).toEqual(headOf(2))
  expect(await ask(askedMs)).toEqual(headOf(2))
  expect(state.reads).toHaveLength(2)
  failAll(state)
  expect(await ask(state.nowMs + 1)).toBeNull()
  expect(await ask()).toEqual(headOf(2))
})

test('before any head the deployment’s document is adopted, and the request waits for it', async () => {
  const { state, ask } = world()
  state.head = null
  state.adopt = async () => headOf(5)
  expect(await ask()).toEqual(headOf(5))
  expect(state.adoptions).toBe(1)
})

test('a document that nothing can adopt leaves the request without a head', async () => {
  const { state, ask } = world()
  state.head = null
  expect(await ask()).toBeNull()
  state.adopt = async () => {
    throw new Error('Control does not answer')
  }
  expect(await ask()).toBeNull()
})

test('a new version has its document adopted in the background, at most once a minute', async () => {
  const { state, ask, settle } = world()
  state.bundle = 'newer'
  state.adopt = async () => headOf(2, ['bundle', 'newer'])
  expect(await ask()).toEqual(headOf(1))
  await settle()
  expect(await ask()).toEqual(headOf(2, ['bundle', 'newer']))
  // A replica that is behind does not make it ask again.
  state.nowMs += 59_999
  await ask()
  await settle()
  expect(state.adoptions).toBe(1)
  state.nowMs += 1_001
  await ask()
  await settle()
  expect(state.adoptions).toBe(2)
})

test('a deployment whose document is not valid keeps the policy in force', async () => {
  const { state, ask, settle } = world()
  state.bundle = null
  expect(await ask()).toEqual(headOf(1))
  await settle()
  expect(state.adoptions).toBe(0)
})

test('where no editor is needed, a document that waits is offered again', async () => {
  const { state, ask, settle } = world()
  await ask()
  await settle()
  expect(state.adoptions).toBe(0)
  state.isShared = false
  state.adopt = async () => ({ ...headOf(2), policy: 'bundle' })
  state.nowMs += 3_001
  await ask()
  await settle()
  expect(await ask()).toMatchObject({ policy: 'bundle' })
  state.head = { ...headOf(2), policy: 'bundle' }
  state.nowMs += 60_001
  await ask()
  await settle()
  expect(state.adoptions).toBe(1)
})
