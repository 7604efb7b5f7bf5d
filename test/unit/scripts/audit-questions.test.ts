import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EventFilter } from '#audit/filter.ts'
import { AuditQuestions, type FoundEvent } from '#audit/read-questions.ts'
import { uuidv7 } from '#lib/uuid.ts'
import { measureQuestions, renderQuestions } from '../../../scripts/bench/questions/measure-questions.ts'
import { seedLog } from '../../../scripts/bench/questions/seeded-log.ts'

const EVENTS = 6000
const log = await seedLog(EVENTS, 7)
const { database } = log
const questions = new AuditQuestions(async ({ sql, params }) => database.prepare(sql).all(...params))

/** What is in the log, without an index. */
const stored = () =>
  database
    .prepare('SELECT id, chain, client, what, outcome, type, session FROM events NOT INDEXED ORDER BY id')
    .all()
    .map((row) => ({
      id: String(row['id']),
      user: row['chain'],
      client: row['client'],
      what: row['what'],
      outcome: row['outcome'],
      type: row['type'],
      session: row['session'],
      atMs: Number.parseInt(String(row['id']).replace('-', '').slice(0, 12), 16),
    }))
type Stored = ReturnType<typeof stored>[number]

const fits = ({ fromMs = 0, toMs = Infinity, ...members }: EventFilter) => {
  const names = ['user', 'client', 'what', 'outcome', 'type', 'session'] as const
  return (row: Stored) =>
    row.atMs >= fromMs &&
    row.atMs < toMs &&
    names.every((name) => members[name] === undefined || members[name] === row[name])
}

let inserted = 0
/** An event of another user and session at this time: shipped late, or just now. */
function insert(atMs: number): void {
  inserted += 1
  const base = { id: uuidv7(atMs), at: new Date(atMs).toISOString(), app: 'todos', user: 'late' }
  const body = JSON.stringify({ ...base, type: 'security', finding: 'x' })
  database
    .prepare("INSERT INTO events (chain, epoch, seq, body, hash) VALUES ('late', 1, ?, ?, '')")
    .run(inserted, body)
}

async function readAll(filter: EventFilter, order: 'oldest' | 'newest', limit: number, between: () => void) {
  const found: FoundEvent[] = []
  let after: string | null = null
  do {
    const page = await questions.events(filter, { order, after, limit })
    expect(page.items.length).toBeLessThanOrEqual(limit)
    found.push(...page.items)
    between()
    after = page.next
  } while (after !== null)
  return found.map(({ id }) => id)
}

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })
const one = (values: readonly string[]) => fc.nat(values.length - 1).map((index) => values[index] ?? '')
const time = fc.integer({ min: log.fromMs, max: log.toMs })
const filters = fc.record({
  user: optional(one(log.users.slice(0, 5))),
  client: optional(one(log.clients)),
  what: optional(one(log.tools)),
  outcome: optional(fc.constantFrom('done', 'refused', 'failed', 'unknown')),
  type: optional(fc.constantFrom('call', 'call.denied', 'grant.opened', 'security')),
  session: fc.option(one(log.sessions), { nil: undefined, freq: 6 }),
  fromMs: optional(time),
  toMs: optional(time),
})

test('every event that fits is found exactly once, whatever is asked, however long a page is', async () => {
  const rows = stored()
  const property = fc.asyncProperty(
    filters,
    fc.constantFrom('oldest', 'newest'),
    fc.integer({ min: 1, max: 250 }),
    async (filter, order, limit) => {
      const expected = rows.filter(fits(filter)).map(({ id }) => id)
      fc.pre(expected.length / limit < 300)
      const found = await readAll(filter, order, limit, () => {})
      expect(found).toEqual(order === 'oldest' ? expected : expected.toReversed())
    },
  )
  await fc.assert(property, { numRuns: 150 })
})

test('events that are stored between two pages repeat none and hide none', async () => {
  const property = fc.asyncProperty(
    filters,
    fc.constantFrom('oldest', 'newest'),
    fc.integer({ min: 20, max: 250 }),
    fc.array(time, { minLength: 1, maxLength: 20 }),
    async (filter, order, limit, times) => {
      const before = stored().filter(fits(filter))
      const late = [...times]
      const found = await readAll(filter, order, limit, () => {
        for (const atMs of late.splice(0, 5)) insert(atMs)
        insert(log.toMs + inserted)
      })
      expect(new Set(found).size).toBe(found.length)
      expect(found).toEqual(order === 'oldest' ? found.toSorted() : found.toSorted().toReversed())
      const ids = new Set(found)
      expect(before.filter(({ id }) => !ids.has(id))).toEqual([])
    },
  )
  await fc.assert(property, { numRuns: 25, endOnFailure: true })
})

test('users and clients of grants are found exactly once, whatever the length of a page', async () => {
  const opened = stored().filter(({ type }) => type === 'grant.opened')
  const client = log.clients[0] ?? ''
  const expected = [...new Set(opened.filter((row) => row.client === client).map(({ user }) => String(user)))]
  expect(expected.length).toBeGreaterThan(3)
  for (const limit of [1, 2, 3, 250]) {
    const found: string[] = []
    let after: string | null = null
    do {
      const page = await questions.usersOfClient(client, after, limit)
      found.push(...page.items)
      after = page.next
    } while (after !== null)
    expect(found).toEqual(expected.toSorted())
  }
})

test('the bench of questions has a ratio for each, and leaves nothing behind', async () => {
  const figures = await measureQuestions(2000, { times: 3 })
  expect(figures.length).toBeGreaterThanOrEqual(10)
  for (const { smallMs, largeMs, statements } of figures) {
    expect(smallMs).toBeGreaterThan(0)
    expect(largeMs).toBeGreaterThan(0)
    expect(statements).toBeLessThanOrEqual(5)
  }
  expect(renderQuestions(figures, 2000)).not.toMatch(/NaN|Infinity|undefined/)
  const signal = AbortSignal.abort(new Error('ended'))
  await expect(measureQuestions(2000, { signal })).rejects.toThrow('ended')
})
