import { env } from 'cloudflare:workers'
import { DenialCounts } from '#audit/denial-counts.ts'
import { denialCounts } from '#events/denial-count.ts'
import { beforeEach, expect, test } from 'vitest'
import { START_MS } from './events.ts'

const db = env.RECORDS
beforeEach(() => db.prepare('DELETE FROM denials').run())
const rowsOf = async () => (await db.prepare('SELECT * FROM denials ORDER BY hour, reason').all()).results

/** Counts with a clock of its own; `writes` holds what was sent to D1. */
function makeCounter(database: D1Database = db) {
  const clock = { ms: START_MS }
  const writes: Promise<void>[] = []
  const { count } = new DenialCounts(
    database,
    () => clock.ms,
    (work) => void writes.push(work),
  )
  return { clock, writes, count }
}

test('denials are counted per hour and reason, in at most one write a minute', async () => {
  const { clock, writes, count } = makeCounter()
  count('bearer.not-ours')
  for (let time = 0; time < 1000; time += 1) count(time % 2 === 0 ? 'bearer.not-ours' : 'token.refused')
  expect(writes).toHaveLength(1)
  clock.ms += 60_000
  count('token.refused')
  expect(writes).toHaveLength(2)
  // What is written late is counted for its own hour.
  clock.ms += 1000
  count('client.unknown')
  clock.ms += 3_600_000
  count('client.unknown')
  await Promise.all(writes)
  expect(await rowsOf()).toEqual([
    { hour: '2026-01-01T00', reason: 'bearer.not-ours', count: 501 },
    { hour: '2026-01-01T00', reason: 'client.unknown', count: 1 },
    { hour: '2026-01-01T00', reason: 'token.refused', count: 501 },
    { hour: '2026-01-01T01', reason: 'client.unknown', count: 1 },
  ])
})

test('isolates add up', async () => {
  const counters = [makeCounter(), makeCounter()]
  for (const { count } of counters) count('login.dead')
  await Promise.all(counters.flatMap(({ writes }) => writes))
  expect(await rowsOf()).toEqual([{ hour: '2026-01-01T00', reason: 'login.dead', count: 2 }])
})

test('an outage of D1 fails no request, and the next write counts only what came after', async () => {
  await db.prepare('ALTER TABLE denials RENAME TO hidden').run()
  const { clock, writes, count } = makeCounter()
  try {
    count('token.invalid')
    await expect(Promise.all(writes)).resolves.toEqual([undefined])
  } finally {
    await db.prepare('ALTER TABLE hidden RENAME TO denials').run()
  }
  clock.ms += 60_000
  count('token.invalid')
  await Promise.all(writes)
  expect(await rowsOf()).toEqual([{ hour: '2026-01-01T00', reason: 'token.invalid', count: 1 }])
})

test('an hour has at most fifty rows', () => {
  expect(new Set(denialCounts).size).toBe(denialCounts.length)
  expect(denialCounts.length).toBeLessThanOrEqual(50)
})
