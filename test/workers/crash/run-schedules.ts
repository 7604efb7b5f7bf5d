import { beforeAll, describe, expect, test } from 'vitest'
import { verifyWholeLog } from '../audit-log.ts'
import { type End, type Journey, checked, signIn } from './checks.ts'
import { Client } from './client.ts'
import { during, type Schedule } from './schedule.ts'
import { switches } from '../pingone.ts'
import { clock } from './witness.ts'

/** In one run no time passes, so that each run of a journey has the same steps. */
async function run(client: Client, journey: Journey, id: string, schedule: Schedule | null) {
  clock.fixedMs = Date.now()
  try {
    return await runAtOnce(client, journey, id, schedule)
  } finally {
    clock.fixedMs = null
  }
}

/** `isUnnoticed`: the first answer was already a success. */
async function runAtOnce(client: Client, journey: Journey, id: string, schedule: Schedule | null) {
  switches.graceSeconds = journey.graceSeconds
  const prepared = await journey.prepare(client, id)
  const { value, steps } = await during(schedule, () => prepared.act())
  const { status, text } = checked(value, journey.answersTo)
  const isUnnoticed = status === 200 && !text.includes('"isError":true')
  return { steps, isUnnoticed, end: await prepared.check(value) }
}

/** Only awaited steps can fail before or after with different results for a retry. */
const AWAITED = /^(?:answer|audit|pingone|session)/

/**
 * A crash before an answer leaves equals one after the last write, which is another schedule.
 * An object that dies while its alarm is being moved also makes the test runtime hang at the end.
 */
const sidesOf = (step: string): readonly Schedule['when'][] =>
  step.startsWith('answer') ? ['after'] : ['before', 'after']

/** Every crash of a journey: before and after each step, and with the Worker's retry dying too. */
const schedulesOf = (steps: readonly string[], only = /./): Schedule[] =>
  steps.flatMap((step, at) =>
    (only.test(step) ? sidesOf(step) : []).flatMap((when) => [
      { at, when, isTwice: false },
      ...(when === 'before' || AWAITED.test(step) ? [{ at, when, isTwice: true }] : []),
    ]),
  )

/** One test per journey, which runs all its schedules. */
export function testSchedules(who: string, journeys: readonly Journey[]): void {
  let client: Client
  beforeAll(async () => {
    client = await Client.register()
    // Warms the cache of PingOne's metadata and keys, so that no journey fetches them.
    await signIn(client, 'first')
  })
  describe.each(journeys)('$name', (journey) => {
    test(`wherever ${who} dies, the client goes on, or hears exactly what that forces`, async () => {
      expect(await runAll(client, journey)).toEqual([])
    })
  })
  test('the audit log of all of them verifies', async () => {
    expect(await verifyWholeLog()).toBeGreaterThan(0)
  })
}

/** Unexpected outcomes, described in words. */
async function runAll(client: Client, journey: Journey): Promise<string[]> {
  const start = Date.now()
  const { steps, end } = await run(client, journey, `${journey.name} undisturbed`, null)
  expect(end).toBe('goes on')
  const schedules = schedulesOf(steps, journey.crashesAt)
  const unexpected: string[] = []
  const ends = new Map<End, number>()
  for (const schedule of schedules) {
    const { at, when, isTwice } = schedule
    const name = `${journey.name}: ${when} ${at} ${steps[at]}${isTwice ? ', twice' : ''}`
    try {
      const ran = await run(client, journey, name, schedule)
      ends.set(ran.end, (ends.get(ran.end) ?? 0) + 1)
      const due = (journey.forced ?? forced)(steps, schedule, journey)
      if (due !== null && ran.end !== due) unexpected.push(`${name}: ${ran.end}`)
      // The Worker retries once: a single death must go unnoticed.
      if (due === 'goes on' && !isTwice && !ran.isUnnoticed && journey.mayNotice !== true)
        unexpected.push(`${name}: noticed`)
    } catch (error) {
      unexpected.push(`${name}: ${error instanceof Error ? error.message.slice(0, 400) : 'unknown'}`)
    }
  }
  const tally = [...ends].map(([how, count]) => `${count} ${how}`).join(', ')
  // oxlint-disable-next-line no-console -- the count and the time, shown where the test fails
  console.log(
    `${journey.name}: ${schedules.length} schedules over ${steps.length} steps in ${Date.now() - start} ms: ${tally}`,
  )
  return unexpected
}

/** The unavoidable outcome of a schedule. */
function forced(steps: readonly string[], schedule: Schedule, { graceSeconds, name }: Journey): End {
  const { at, when, isTwice } = schedule
  // The code was redeemed but the client got no answer twice: its retry presents a used code (OAuth 2.1 §4.1.3).
  const isRedeemed = steps[at] === 'answer commit' && when === 'after'
  if (name === 'code exchange' && isRedeemed && isTwice) return 'code_reused'
  const redeemed = steps.indexOf('pingone.refresh')
  const stored = steps.indexOf('answer enter')
  const isAfter = redeemed !== -1 && (at > redeemed || (at === redeemed && when === 'after'))
  const isBefore = at < stored || (at === stored && when === 'before')
  return graceSeconds === 0 && isAfter && isBefore ? 'pingone_ended' : 'goes on'
}
