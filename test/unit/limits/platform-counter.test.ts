import { expect, test, vi } from 'vitest'
import { ClosedKeys } from '#limits/closed-keys.ts'
import { PlatformCounter } from '#limits/platform-counter.ts'

const counted = { key: 'network 192.0.2.0/24', facts: { network: '192.0.2.0/24' } }

test('what is over is answered without a message, and asked about again after a minute', async () => {
  let nowMs = 0
  let calls = 0
  const limiter = { limit: async () => ({ success: (calls += 1) !== 2 }) }
  const logSpy = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const counter = new PlatformCounter('failures', limiter, () => nowMs)
  expect([await counter.count(counted), await counter.count(counted)]).toEqual([0, 60])
  nowMs += 20_000
  expect([await counter.count(counted), counter.waitSeconds(counted), calls]).toEqual([40, 40, 2])
  nowMs += 40_000
  expect([await counter.count(counted), calls]).toEqual([0, 3])
  expect(logSpy).toHaveBeenCalledTimes(1)
  logSpy.mockRestore()
})

test('when the platform cannot count, nobody is limited, and the log says so once a minute', async () => {
  let nowMs = 0
  const logSpy = vi.spyOn(console, 'error').mockImplementation(() => {})
  const limiter = {
    limit: async () => {
      throw new Error('no counter today')
    },
  }
  const counter = new PlatformCounter('failures', limiter, () => nowMs)
  for (let more = 0; more < 100; more += 1) expect(await counter.count(counted)).toBe(0)
  expect(logSpy).toHaveBeenCalledTimes(1)
  nowMs += 61_000
  await counter.count(counted)
  expect(logSpy).toHaveBeenCalledTimes(2)
  logSpy.mockRestore()
})

test('what is remembered of others does not grow without end', () => {
  const closed = new ClosedKeys(() => 0)
  for (let at = 0; at <= 10_000; at += 1) closed.close(`network ${at}`, 60)
  expect(closed.waitSeconds('network 0')).toBe(0)
  expect(closed.waitSeconds('network 1')).toBe(60)
  expect(closed.waitSeconds('network 10000')).toBe(60)
})
