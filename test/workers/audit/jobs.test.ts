import { env } from 'cloudflare:workers'
import { CRONS, runAuditJobs } from '#audit/jobs.ts'
import { makeAuditStore } from '#audit/store.ts'
import { beforeEach, expect, test, vi } from 'vitest'
import { START_MS, TestChain } from './events.ts'
import { answers, clock, deps } from './lists.ts'

const db = env.RECORDS
const store = makeAuditStore(db)
const errors = vi.spyOn(console, 'error')
const errorEvents = () => errors.mock.calls.map(([line]) => JSON.parse(String(line)).event)
const listsOf = async () => (await db.prepare('SELECT kind, n FROM signed_lists').all()).results

beforeEach(async () => {
  errors.mockClear()
  clock.ms = START_MS
  await db.batch(
    ['events', 'chains', 'signed_lists', 'list_entries'].map((one) => db.prepare(`DELETE FROM ${one}`)),
  )
})

async function ship(): Promise<TestChain> {
  const chain = new TestChain()
  await store.append(await chain.next({ type: 'call' }))
  answers(chain)
  return chain
}

test('the daily run signs a head, then removes old events; the hourly one only continues', async () => {
  await ship()
  await runAuditJobs(deps, CRONS.hourly)
  expect(await listsOf()).toEqual([])
  clock.ms = START_MS + 401 * 86_400_000
  await runAuditJobs(deps, CRONS.daily)
  await runAuditJobs(deps, CRONS.hourly)
  expect(await listsOf()).toEqual([
    { kind: 'checkpoint', n: 1 },
    { kind: 'head', n: 1 },
  ])
  // A developer who asks names no time.
  await runAuditJobs(deps, '')
  expect(await listsOf()).toHaveLength(3)
  expect(errorEvents()).toEqual([])
})

test('without a key nothing is signed or removed, and each day logs it', async () => {
  await ship()
  clock.ms = START_MS + 401 * 86_400_000
  await runAuditJobs(null, CRONS.daily)
  await runAuditJobs(null, CRONS.hourly)
  expect(errorEvents()).toEqual(['audit.head-not-signed'])
  const counted = await db.prepare('SELECT count(*) AS events FROM events').first()
  expect([await listsOf(), counted]).toEqual([[], { events: 1 }])
})

test('a run without tables fails loudly', async () => {
  await db.prepare('ALTER TABLE chains RENAME TO hidden').run()
  try {
    await expect(runAuditJobs(deps, CRONS.daily)).rejects.toThrow('no such table')
  } finally {
    await db.prepare('ALTER TABLE hidden RENAME TO chains').run()
  }
  expect(errorEvents()).toEqual(['audit.job-failed'])
})
