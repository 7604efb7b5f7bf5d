import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { verifyWholeLog } from '../audit-log.ts'
import { unwatchDeadlines, watchDeadlines } from './deadlines.ts'
import { alarms, breakDown, type Fault, heal, interrupt, messagesTo, messagesToLog } from './faults.ts'
import { type Journey, journeysOf } from './journeys.ts'
import { expected, matrix } from './matrix.ts'
import { checkLog, ring } from './shipping.ts'
import { send } from './send.ts'
import { fetchFromWorld, startIsolate } from './world.ts'
import { callMessage, mcpRequest } from '#harness/messages.ts'

beforeAll(() => {
  vi.stubGlobal('fetch', fetchFromWorld)
  watchDeadlines()
  alarms.areHeld = true
})
afterEach(heal)
afterAll(() => {
  alarms.areHeld = false
  unwatchDeadlines()
})

/** The outcome of a step and of the alarm that ships its events. Any deviation is appended to the word. */
async function runUnderFault(journey: Journey, fault: Fault): Promise<string> {
  const { act, check, user: find } = await journey()
  breakDown('d1', fault)
  const word = await act()
  const asked = messagesToLog()
  const user = await find()
  if (user === null) throw new Error('this step has no user')
  await ring(user)
  const isMet = messagesToLog() > asked
  const { waiting } = await user.auditState()
  heal()
  await check()
  await checkLog(user)
  const deviations = [asked > 0 && 'the step asked the log', !isMet && 'the alarm did not ask the log']
  return [word === 'ok' && waiting > 0 ? 'waits' : word, ...deviations.filter((one) => one !== false)].join(
    ', ',
  )
}

const rows = matrix.filter(({ target, step }) => target === 'd1' && step !== 'register')

test.for(rows.filter(({ step }) => step !== 'authorize'))('$step while d1 fails', async ({ step, cells }) => {
  const [actual, due]: [string[], string[]] = [[], []]
  for (const [at, journey] of (await journeysOf('d1', step)).entries()) {
    for (const [fault, word] of cells) {
      if (!(word in expected)) continue
      actual.push(`${fault} ${at}: ${await runUnderFault(journey, fault)}`)
      due.push(`${fault} ${at}: ${word}`)
    }
  }
  expect(actual).toEqual(due)
})

test('authorize does not ask d1', async () => {
  for (const journey of await journeysOf('d1', 'authorize')) {
    const { act } = await journey()
    breakDown('d1', '500')
    expect([await act(), messagesTo('d1')]).toEqual(['ok', 0])
  }
})

test.for(rows.filter(({ step }) => step !== 'authorize'))(
  '$step does not wait for the events that d1 is just taking',
  async ({ step }) => {
    for (const journey of await journeysOf('d1', step)) {
      const { act, check, user: find } = await journey()
      const user = await find()
      if (user === null) throw new Error('this step has no user')
      let word = 'the alarm did not ask D1'
      breakDown('d1', 'slow')
      interrupt(
        (message) => message.startsWith('batch'),
        async () => {
          word = await act()
        },
      )
      await ring(user)
      expect(word).toBe('ok')
      heal()
      await check()
      await checkLog(user)
    }
  },
)

test.for(['500', 'timeout', 'reset', 'slow', '429', 'bare'] as const)(
  'a stranger is denied as ever while the count of denials meets %s',
  async (fault) => {
    startIsolate()
    breakDown('d1', fault)
    const answer = await send('/mcp', mcpRequest('no-token-of-this-server', callMessage('listTodos')))
    expect([answer.status, messagesTo('d1')]).toEqual([401, 1])
    heal()
  },
)

test('the log of all of them verifies', async () => {
  expect(await verifyWholeLog()).toBeGreaterThan(0)
})
