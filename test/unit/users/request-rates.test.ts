import { expect, test, vi } from 'vitest'
import { type RequestTime, RequestRates } from '#users/calls/request-rates.ts'

const clock = { nowMs: 0 }
const MINUTE_MS = 60_000
const config = { limits: { requestsPerMinute: 60, registrationsPerDay: 1 } }

function rates(made: readonly RequestTime[] = []) {
  clock.nowMs = 10 * MINUTE_MS
  const record = { begunSince: (sinceMs: number) => made.filter(({ atMs }) => atMs > sinceMs) }
  return new RequestRates(
    record,
    () => clock.nowMs,
    () => config,
  )
}

/** How many requests pass before the first wait, and how long that wait is. */
function spend(of: RequestRates, grant: string) {
  for (let passed = 0; ; passed += 1) {
    const wait = of.take(grant)
    if (wait > 0) return { passed, wait }
  }
}

test('a minute’s worth at once, then as many as time gives back', () => {
  const of = rates()
  expect(spend(of, 'a')).toEqual({ passed: 60, wait: 1 })
  clock.nowMs += 5000
  expect(spend(of, 'a')).toEqual({ passed: 5, wait: 1 })
  clock.nowMs += 60 * MINUTE_MS
  expect(spend(of, 'a')).toEqual({ passed: 60, wait: 1 })
})

test('whoever waits as long as was said goes on', () => {
  const of = rates()
  spend(of, 'a')
  for (let turn = 0; turn < 100; turn += 1) {
    clock.nowMs += 1000 * of.take('a')
    expect(of.take('a')).toBe(0)
  }
})

test('one grant does not use up what another has, three of them use up what their user has', () => {
  const of = rates()
  expect(spend(of, 'a').passed).toBe(60)
  expect(spend(of, 'b').passed).toBe(60)
  expect(spend(of, 'c').passed).toBe(60)
  expect(spend(of, 'd').passed).toBe(0)
  clock.nowMs += 10_000
  // The user regains 30, grant a its own 10. The fourth grant still has its whole share.
  expect(spend(of, 'a').passed).toBe(10)
  expect(spend(of, 'd').passed).toBe(20)
})

test('what was asked while nothing was to be had is not held against anybody', () => {
  const of = rates()
  spend(of, 'a')
  for (let more = 0; more < 500; more += 1) of.take('a')
  expect(of.take('a')).toBe(1)
})

test('an object that comes back has not forgotten the calls that it kept', () => {
  const at = (secondsAgo: number, grant: string) => ({ grant, atMs: 10 * MINUTE_MS - secondsAgo * 1000 })
  const made = Array.from({ length: 50 }, () => at(1, 'a'))
  expect(spend(rates(made), 'a').passed).toBe(11)
  expect(spend(rates(made), 'b').passed).toBe(60)
  expect(spend(rates(Array.from({ length: 60 }, () => at(61, 'a'))), 'a').passed).toBe(60)
  expect(spend(rates(Array.from({ length: 60 }, (_, index) => at(59 - index, 'a'))), 'a').passed).toBe(59)
})

test('a clock that goes back gives nothing, and stops nobody for longer', () => {
  const of = rates()
  spend(of, 'a')
  clock.nowMs -= MINUTE_MS
  expect(spend(of, 'a')).toEqual({ passed: 0, wait: 1 })
  clock.nowMs += 1000
  expect(spend(of, 'a').passed).toBe(1)
})

test('one line of log in a minute', () => {
  const said = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const of = rates()
  for (let more = 0; more < 500; more += 1) of.take('a')
  expect(said.mock.calls.map(([line]) => JSON.parse(String(line)))).toEqual([
    { level: 'warn', event: 'limit.reached', limit: 'requests', grant: 'a' },
  ])
  clock.nowMs += MINUTE_MS
  for (let more = 0; more < 500; more += 1) of.take('a')
  expect(said).toHaveBeenCalledTimes(2)
  said.mockRestore()
})
