import { env } from 'cloudflare:workers'
import { writeHead } from '#audit/heads.ts'
import { removeOldEvents } from '#audit/retention.ts'
import { makeAuditStore } from '#audit/store.ts'
import { type AuditLogReader, verifyLog } from '#audit/verify.ts'
import type { ChainedEvent, ChainHead, Place } from '#events/chain.ts'
import { beforeEach, expect, test } from 'vitest'
import { TestChain } from './events.ts'
import { answers, clock, deps, objects, published } from './lists.ts'

const db = env.RECORDS
const store = makeAuditStore(db)
const DAY_MS = 86_400_000
const START_MS = clock.ms

async function* rows<T>(sql: string, ...values: readonly (string | number)[]): AsyncGenerator<T> {
  const { results } = await db
    .prepare(sql)
    .bind(...values)
    .all<T>()
  yield* results
}

const FULL_LIST = `SELECT chain, epoch, seq, hash FROM list_entries AS e
  WHERE kind = ?1 AND n = (SELECT max(n) FROM list_entries AS o
    WHERE o.kind = ?1 AND o.chain = e.chain AND o.epoch = e.epoch AND o.n <= ?2)
  ORDER BY chain, epoch`

/** The tables of D1, as workerd reads them. */
const reader: AuditLogReader = {
  lists: (kind) => rows('SELECT n, jws FROM signed_lists WHERE kind = ? ORDER BY n', kind),
  entries: (kind, n) => rows<ChainHead>(FULL_LIST, kind, n),
  lastEntry: async (kind) =>
    (await db
      .prepare('SELECT coalesce(max(n), 0) FROM list_entries WHERE kind = ?')
      .bind(kind)
      .first<number>('coalesce(max(n), 0)')) ?? 0,
  events: () =>
    rows<ChainedEvent>('SELECT chain, epoch, seq, body, hash FROM events ORDER BY chain, epoch, seq'),
  repeatedIds: () => rows<Place & { id: string }>('SELECT chain, epoch, seq, id FROM events WHERE false'),
}
const verify = () => verifyLog(reader, { keys: published })

const tables = ['events', 'chains', 'sessions', 'signed_lists', 'list_entries']
beforeEach(async () => {
  objects.clear()
  clock.ms = START_MS
  await db.batch(tables.map((table) => db.prepare(`DELETE FROM ${table}`)))
})

async function ship(chain: TestChain, count: number, atMs = START_MS): Promise<TestChain> {
  const parts = Array.from({ length: count }, () => ({ type: 'call' as const, atMs }))
  const opening = chain.seq === 0 ? [{ type: 'chain.opened' as const, atMs }] : []
  expect(await store.append(await chain.next(...opening, ...parts))).toEqual({ outcome: 'stored' })
  answers(chain)
  return chain
}

test('a log that objects shipped, that heads sign and that retention shortened is intact', async () => {
  const ann = await ship(new TestChain('ann'), 5)
  await ship(new TestChain('bob'), 3)
  await writeHead(deps)
  await ship(ann, 2, START_MS + 400 * DAY_MS)
  await writeHead(deps)
  clock.ms = START_MS + 401 * DAY_MS
  await removeOldEvents(deps)
  await ship(ann, 2, clock.ms)
  expect(await verify()).toMatchObject({ findings: [], events: 4, chains: 1, head: { n: 2 }, after: 2 })
  await writeHead(deps)
  expect(await verify()).toMatchObject({ findings: [], head: { n: 3 }, after: 0 })
})

test('what was removed from the end before a head is named by the object that shipped it', async () => {
  await ship(new TestChain('ann'), 5)
  await db.prepare('DELETE FROM events WHERE seq > 4').run()
  await db.prepare('UPDATE chains SET seq = 4, hash = (SELECT hash FROM events WHERE seq = 4)').run()
  await writeHead(deps)
  expect((await verify()).findings).toEqual([
    { kind: 'missing', chain: 'ann', epoch: 1, seq: 5, upTo: 6, witness: { kind: 'head', n: 1 } },
  ])
})
