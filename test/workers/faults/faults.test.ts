import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { unwatchDeadlines, watchDeadlines } from './deadlines.ts'
import { breakDown, type Fault, faults, heal, steps, type Target, targets, messagesTo } from './faults.ts'
import { type Journey, journeysOf } from './journeys.ts'
import { expected, matrix, type Row, type Word } from './matrix.ts'
import { switches } from '../pingone.ts'
import { fetchFromWorld } from './world.ts'

const OFF_SECONDS = 300

beforeAll(() => {
  // The OAuth library fetches documents with the platform's fetch.
  vi.stubGlobal('fetch', fetchFromWorld)
  watchDeadlines()
})
afterEach(heal)
afterAll(unwatchDeadlines)

test('every cell of the matrix is in the table, once, and each word in it has a meaning', () => {
  const cells = matrix.flatMap(({ target, step, cells: row }) =>
    [...row.keys()].map((fault) => `${target} ${step} ${fault}`),
  )
  const all = targets.flatMap((target) =>
    steps.flatMap((step) => faults.map((fault) => `${target} ${step} ${fault}`)),
  )
  expect(cells.toSorted()).toEqual(all.toSorted())
})

/** Words with a dash are cells that cannot occur. */
const isPossible = (word: Word) => word in expected

/** The outcome under the fault and after it. Any deviation is appended to the word. */
async function runUnderFault(journey: Journey, target: Target, fault: Fault, options = {}): Promise<string> {
  switches.accessTokenSeconds = lifeOf(target, fault)
  const { act, check } = await journey()
  breakDown(target, fault, options)
  const word = await act().catch((error: unknown) => `throws ${String(error)}`)
  const isMet = messagesTo(target) > 0 || fault === 'clock'
  heal()
  const after = await check().then(
    () => '',
    (error: unknown) => `, and then: ${String(error).split('\n')[0]}`,
  )
  return `${word}${isMet ? '' : ', but the fault was not met'}${after}`
}

/** Short if a call must refresh PingOne's token; longer than the clock offset. */
function lifeOf(target: Target, fault: Fault): number {
  if (target === 'token' && fault === 'clock') return OFF_SECONDS + 30
  return target === 'discovery' || target === 'keys' || target === 'token' ? 30 : 3600
}

/** What a user's object does about a fault of D1: audit-log.test.ts. */
const others = matrix.filter(({ target, step }) => target !== 'd1' || step === 'register')

const stepIsUntouched = ({ cells }: Row) => [...cells.values()].every((word) => word === '-untouched')

test.for(others.filter(stepIsUntouched))('$step does not ask $target', async ({ target, step }) => {
  for (const journey of await journeysOf(target, step)) {
    const { act } = await journey()
    breakDown(target, '500')
    expect(await act()).toBe('ok')
    expect(messagesTo(target)).toBe(0)
    heal()
  }
})

/** A write reads the list first. The fault must hit the write itself. */
const afterOf = ({ target, step }: Row): number => (target === 'api' && step === 'write' ? 1 : 0)

test.for(others.filter((row) => !stepIsUntouched(row)))('$step while $target fails', async (row) => {
  const actual: string[] = []
  const expectedWords: string[] = []
  for (const [at, journey] of (await journeysOf(row.target, row.step)).entries()) {
    for (const [fault, word] of row.cells) {
      if (!isPossible(word)) continue
      for (const offSeconds of fault === 'clock' ? [-OFF_SECONDS, OFF_SECONDS] : [0]) {
        const cell = `${fault} ${at} ${offSeconds}`
        actual.push(
          `${cell}: ${await runUnderFault(journey, row.target, fault, { offSeconds, after: afterOf(row) })}`,
        )
        expectedWords.push(`${cell}: ${word}`)
      }
    }
  }
  expect(actual).toEqual(expectedWords)
})

test('a write whose look at the list fails is not begun, and says so', async () => {
  const read = matrix.find(({ target, step }) => target === 'api' && step === 'read')
  for (const journey of await journeysOf('api', 'write'))
    for (const [fault, word] of [...(read?.cells ?? [])].filter(([, cell]) => isPossible(cell)))
      expect([fault, await runUnderFault(journey, 'api', fault)]).toEqual([fault, word])
})

const bindings = matrix.filter(
  (row) => (row.target === 'kv' || row.target === 'user') && !stepIsUntouched(row),
)

test.for(bindings)(
  '$step while $target fails from any of its messages on',
  async ({ target, step, cells }) => {
    for (const journey of await journeysOf(target, step)) {
      let after = 0
      for (let word = ''; word !== 'ok'; after += 1) {
        word = await runUnderFault(journey, target, '500', { after })
        expect([cells.get('500'), 'ok'], `after ${after} messages`).toContain(word)
      }
      expect(after).toBeGreaterThan(1)
    }
  },
)
