import { expect, test, vi } from 'vitest'
import { ClosedKeys } from '#limits/closed-keys.ts'
import { PlatformCounter } from '#limits/platform-counter.ts'

const counted = { key: 'network 192.0.2.0/24', facts: { network: '192.0.2.0/24' } }

test('what is over is answered without a message, and asked about again after a minute', async () => {
  let nowMs = 0
  let asked = 0
  const limiter = { limit: async () => ({ success: (asked += 1) !== 2 }) }
  const said = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const counter = new PlatformCounter('failures', limiter, () => nowMs)
  expect([await counter.count(counted), await counter.count(counted)]).toEqual([0, 60])
  nowMs += 20_000
  expect([await counter.count(counted), counter.waitSeconds(counted), asked]).toEqual([40, 40, 2])
  nowMs += 40_000
  expect([await counter.count(counted), asked]).toEqual([0, 3])
  expect(said).toHaveBeenCalledTimes(1)
  said.mockRestore()
})

test('when the platform cannot count, nobody is limited, and the log says so once a minute', async () => {
  let nowMs = 0
  const said = vi.spyOn(console, 'error').mockImplementation(() => {})
  const limiter = {
    limit: async () => {
      throw new Error('no counter today')
    },
  }
  const counter = new PlatformCounter('failures', limiter, () => nowMs)
  for (let more = 0; more < 100; more += 1) expect(await counter.count(counted)).toBe(0)
  expect(said).toHaveBeenCalledTimes(1)
  nowMs += 61_000
  await counter.count(counted)
  expect(said).toHaveBeenCalledTimes(2)
  said.mockRestore()
})

test('what is remembered of others does not grow without end', () => {
  const closed = new ClosedKeys(() => 0)
  for (let at = 0; at <= 10_000; at += 1) closed.close(`network ${at}`, 60)
  expect(closed.waitSeconds('network 0')).toBe(0)
  expect(closed.waitSeconds('network 1')).toBe(60)
  expect(closed.waitSeconds('network 10000')).toBe(60)
})
