import { expect, test, vi } from 'vitest'
import { type RequestTime, RequestRates } from '#users/calls/request-rates.ts'

const clock = { nowMs: 0 }
const MINUTE_MS = 60_000
const config = { limits: { requestsPerMinute: 60, registrationsPerDay: 1 } }

function rates(begun: readonly RequestTime[] = []) {
  clock.nowMs = 10 * MINUTE_MS
  const record = { begunSince: (sinceMs: number) => begun.filter(({ atMs }) => atMs > sinceMs) }
  return new RequestRates(
    record,
    () => clock.nowMs,
    () => config,
  )
}

/** How many requests pass before the first wait, and how long that wait is. */
function takeUntilWait(limits: RequestRates, grant: string) {
  for (let passed = 0; ; passed += 1) {
    const wait = limits.take(grant)
    if (wait > 0) return { passed, wait }
  }
}

test('a minute’s worth at once, then as many as time gives back', () => {
  const limits = rates()
  expect(takeUntilWait(limits, 'a')).toEqual({ passed: 60, wait: 1 })
  clock.nowMs += 5000
  expect(takeUntilWait(limits, 'a')).toEqual({ passed: 5, wait: 1 })
  clock.nowMs += 60 * MINUTE_MS
  expect(takeUntilWait(limits, 'a')).toEqual({ passed: 60, wait: 1 })
})

test('whoever waits as long as was said goes on', () => {
  const limits = rates()
  takeUntilWait(limits, 'a')
  for (let turn = 0; turn < 100; turn += 1) {
    clock.nowMs += 1000 * limits.take('a')
    expect(limits.take('a')).toBe(0)
  }
})

test('one grant does not use up what another has, three of them use up what their user has', () => {
  const limits = rates()
  expect(takeUntilWait(limits, 'a').passed).toBe(60)
  expect(takeUntilWait(limits, 'b').passed).toBe(60)
  expect(takeUntilWait(limits, 'c').passed).toBe(60)
  expect(takeUntilWait(limits, 'd').passed).toBe(0)
  clock.nowMs += 10_000
  // The user regains 30, grant a its own 10. The fourth grant still has its whole share.
  expect(takeUntilWait(limits, 'a').passed).toBe(10)
  expect(takeUntilWait(limits, 'd').passed).toBe(20)
})

test('what was asked while nothing was to be had is not held against anybody', () => {
  const limits = rates()
  takeUntilWait(limits, 'a')
  for (let more = 0; more < 500; more += 1) limits.take('a')
  expect(limits.take('a')).toBe(1)
})

test('an object that comes back has not forgotten the calls that it kept', () => {
  const at = (secondsAgo: number, grant: string) => ({ grant, atMs: 10 * MINUTE_MS - secondsAgo * 1000 })
  const begun = Array.from({ length: 50 }, () => at(1, 'a'))
  expect(takeUntilWait(rates(begun), 'a').passed).toBe(11)
  expect(takeUntilWait(rates(begun), 'b').passed).toBe(60)
  expect(takeUntilWait(rates(Array.from({ length: 60 }, () => at(61, 'a'))), 'a').passed).toBe(60)
  expect(
    takeUntilWait(rates(Array.from({ length: 60 }, (_, index) => at(59 - index, 'a'))), 'a').passed,
  ).toBe(59)
})

test('a clock that goes back gives nothing, and stops nobody for longer', () => {
  const limits = rates()
  takeUntilWait(limits, 'a')
  clock.nowMs -= MINUTE_MS
  expect(takeUntilWait(limits, 'a')).toEqual({ passed: 0, wait: 1 })
  clock.nowMs += 1000
  expect(takeUntilWait(limits, 'a').passed).toBe(1)
})

test('one line of log in a minute', () => {
  const logSpy = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const limits = rates()
  for (let more = 0; more < 500; more += 1) limits.take('a')
  expect(logSpy.mock.calls.map(([line]) => JSON.parse(String(line)))).toEqual([
    { level: 'warn', event: 'limit.reached', limit: 'requests', grant: 'a' },
  ])
  clock.nowMs += MINUTE_MS
  for (let more = 0; more < 500; more += 1) limits.take('a')
  expect(logSpy).toHaveBeenCalledTimes(2)
  logSpy.mockRestore()
})
