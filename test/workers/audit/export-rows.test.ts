import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { type ExportLine, readExportPage } from '#audit/export-rows.ts'
import { writeHead } from '#audit/heads.ts'
import { askD1 } from '#audit/read-questions.ts'
import { removeOldEvents } from '#audit/retention.ts'
import { makeAuditStore } from '#audit/store.ts'
import { type AuditLogReader, verifyLog } from '#audit/verify.ts'
import type { ChainHead } from '#events/chain.ts'
import { TestChain } from './events.ts'
import { answers, clock, deps, published } from './lists.ts'

const db = env.RECORDS
const store = makeAuditStore(db)
const ask = askD1(db)
const DAY_MS = 86_400_000
const OLD_MS = clock.ms

async function ship(chain: TestChain, count: number, atMs: number): Promise<TestChain> {
  const parts = Array.from({ length: count }, () => ({ type: 'call' as const, atMs }))
  const opening = chain.seq === 0 ? [{ type: 'chain.opened' as const, atMs }] : []
  expect(await store.append(await chain.next(...opening, ...parts))).toEqual({ outcome: 'stored' })
  answers(chain)
  return chain
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}

/** Reads exported lines, in whatever order, as `npm run audit -- verify --file` does. */
function readerOf(lines: readonly ExportLine[]): AuditLogReader {
  const of = <K extends ExportLine['kind']>(kind: K) =>
    lines.filter((line): line is Extract<ExportLine, { kind: K }> => line.kind === kind)
  const byPlace = (one: { chain: string; epoch: number }, other: { chain: string; epoch: number }) =>
    one.chain < other.chain ? -1 : one.chain > other.chain ? 1 : one.epoch - other.epoch
  return {
    lists: (kind) => each(of('list').filter(({ list }) => list === kind)),
    entries: (kind, n) => {
      const newest = new Map<string, ChainHead & { n: number }>()
      for (const one of of('entry'))
        if (one.list === kind && one.n <= n && (newest.get(`${one.chain} ${one.epoch}`)?.n ?? 0) < one.n)
          newest.set(`${one.chain} ${one.epoch}`, one)
      return each([...newest.values()].toSorted(byPlace))
    },
    lastEntry: async (kind) =>
      Math.max(0, ...of('entry').flatMap(({ list, n }) => (list === kind ? [n] : []))),
    events: () => each(of('event').toSorted((one, other) => byPlace(one, other) || one.seq - other.seq)),
    repeatedIds: () => each([]),
  }
}

/** All pages. `between` runs after each of them. */
async function exportAll(between: (line: ExportLine | undefined) => Promise<void> = async () => {}) {
  const lines: ExportLine[] = []
  let after: string | null = null
  do {
    const page = await readExportPage(ask, after, '2026-01-01T00:00:00.000Z')
    lines.push(...page.lines)
    await between(page.lines.at(-1))
    after = page.next
  } while (after !== null)
  return lines
}

const verified = (lines: readonly ExportLine[]) => verifyLog(readerOf(lines), { keys: published })

test('an export page by page has the whole log, and verifies up to its head', async () => {
  const [ann, bob] = [
    await ship(new TestChain('ann'), 620, OLD_MS),
    await ship(new TestChain('bob'), 3, OLD_MS),
  ]
  await writeHead(deps)
  clock.ms += 401 * DAY_MS
  await ship(bob, 4, clock.ms)
  await writeHead(deps)
  const lines = await exportAll()
  expect(lines[0]).toEqual({ kind: 'export', v: 1, app: 'notes', at: '2026-01-01T00:00:00.000Z' })
  expect(lines.filter(({ kind }) => kind === 'event')).toHaveLength(621 + 8)
  const report = await verified(lines)
  expect(report).toMatchObject({ findings: [], events: 629, head: { n: 2 }, after: 0 })

  // What happens between two pages: events are stored, a head is signed, and retention removes old events.
  let steps = 0
  const restless = await exportAll(async (last) => {
    if (last?.kind !== 'event' || steps > 0) return
    steps += 1
    await ship(bob, 2, clock.ms)
    await ship(new TestChain('aaa'), 2, clock.ms)
    await writeHead(deps)
    await removeOldEvents(deps)
  })
  expect(steps).toBe(1)
  expect(await verified(restless)).toMatchObject({ findings: [], head: { n: 2 } })
  expect((await verified(await exportAll())).findings).toEqual([])
  expect(ann.seq).toBe(621)
})

test('a place that no page named is refused', async () => {
  for (const after of ['', '{}', '{"part":"events"}', '{"part":"events","key":["\' OR 1",1,"x"]}'])
    await expect(readExportPage(ask, after, '')).rejects.toThrow('no page of an export ended here')
})
