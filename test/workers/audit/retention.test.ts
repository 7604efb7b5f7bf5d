import { env } from 'cloudflare:workers'
import { writeHead } from '#audit/heads.ts'
import { removeOldEvents } from '#audit/retention.ts'
import { makeAuditStore } from '#audit/store.ts'
import { hashOf } from '#events/chain.ts'
import { beforeEach, expect, test } from 'vitest'
import { type Part, START_MS, TestChain } from './events.ts'
import { answers, clock, deps, digestOf, objects, readStored } from './lists.ts'

const db = env.RECORDS
const store = makeAuditStore(db)
const DAY_MS = 86_400_000
const OLD = START_MS
const NEW = START_MS + 390 * DAY_MS

const tables = ['events', 'chains', 'sessions', 'signed_lists', 'list_entries', 'denials', 'rejected_events']
beforeEach(async () => {
  objects.clear()
  clock.ms = START_MS + 401 * DAY_MS
  await db.batch(tables.map((table) => db.prepare(`DELETE FROM ${table}`)))
})

async function ship(chain: TestChain, ...times: readonly number[]): Promise<TestChain> {
  const parts = times.map((atMs): Part => ({ type: 'call', atMs }))
  expect(await store.append(await chain.next(...parts))).toEqual({ outcome: 'stored' })
  answers(chain)
  return chain
}
const seqsOf = async ({ chain }: TestChain) => {
  const { results } = await db
    .prepare('SELECT seq FROM events WHERE chain = ? ORDER BY seq')
    .bind(chain)
    .all<{ seq: number }>()
  return results.map(({ seq }) => seq)
}

test('old events leave a checkpoint that the rest of the chain continues from', async () => {
  const chain = await ship(new TestChain(), OLD, OLD + 1, OLD + 2, NEW, NEW + 1)
  await writeHead(deps)
  await removeOldEvents(deps)
  expect(await seqsOf(chain)).toEqual([4, 5])
  const { entries, claims } = await readStored('checkpoint', 1)
  expect(entries).toEqual([expect.objectContaining({ chain: chain.chain, epoch: 1, seq: 3 })])
  expect(claims).toMatchObject({ kind: 'checkpoint', n: 1, previous: null, ...(await digestOf(entries)) })

  await ship(chain, NEW + 2)
  const { results } = await db
    .prepare('SELECT * FROM events WHERE chain = ? ORDER BY seq')
    .bind(chain.chain)
    .all<{ chain: string; epoch: number; seq: number; body: string; hash: string }>()
  let previous = entries[0]?.hash ?? ''
  for (const { hash, body, ...place } of results) {
    expect(await hashOf(previous, place, body)).toBe(hash)
    previous = hash
  }
  expect(previous).toBe(chain.hash)

  // The next checkpoint has what the first one has, and more.
  clock.ms = NEW + 401 * DAY_MS
  const other = await ship(new TestChain(), NEW)
  await writeHead(deps)
  await removeOldEvents(deps)
  expect(await seqsOf(chain)).toEqual([])
  expect((await readStored('checkpoint', 2)).entries).toEqual(
    expect.arrayContaining([chain.head, other.head]),
  )
  // A chain of which nothing is left is still in every head, and goes on.
  await writeHead(deps)
  expect((await readStored('head', 3)).entries).toEqual(expect.arrayContaining([chain.head]))
  await ship(chain, clock.ms)
  expect(await seqsOf(chain)).toEqual([7])
})

test('only what a signed head covers is removed', async () => {
  const chain = await ship(new TestChain(), OLD, OLD + 1)
  await removeOldEvents(deps)
  expect(await seqsOf(chain)).toEqual([1, 2])
  await writeHead(deps)
  await ship(chain, OLD + 2)
  await removeOldEvents(deps)
  expect(await seqsOf(chain)).toEqual([3])
})

test('an old event behind a newer one stays, because only a beginning is removed', async () => {
  const chain = await ship(new TestChain(), OLD, NEW, OLD + 1)
  await writeHead(deps)
  await removeOldEvents(deps)
  expect(await seqsOf(chain)).toEqual([2, 3])
})

test('a run that died after its checkpoint is finished by the next one', async () => {
  const chain = await ship(new TestChain(), OLD, OLD + 1, NEW)
  await writeHead(deps)
  const dying: D1Database = new Proxy(db, {
    get: (target, name) => {
      const dead = (sql: string) => {
        if (sql.startsWith('DELETE FROM events')) throw new Error('died')
        return target.prepare(sql)
      }
      const member: unknown = name === 'prepare' ? dead : Reflect.get(target, name)
      return typeof member === 'function' && name !== 'prepare' ? member.bind(target) : member
    },
  })
  await expect(removeOldEvents({ ...deps, db: dying })).rejects.toThrow('died')
  expect(await seqsOf(chain)).toEqual([1, 2, 3])
  expect((await readStored('checkpoint', 1)).entries).toMatchObject([{ seq: 2 }])
  await removeOldEvents(deps)
  expect(await seqsOf(chain)).toEqual([3])
  const lists = await db.prepare("SELECT n FROM signed_lists WHERE kind = 'checkpoint'").all()
  expect(lists.results).toEqual([{ n: 1 }])
})

test('many old events are removed in steps', async () => {
  const chain = await ship(new TestChain(), ...Array.from({ length: 1300 }, (_, at) => OLD + at), NEW)
  await writeHead(deps)
  expect(await removeOldEvents(deps)).toBe(false)
  expect(await seqsOf(chain)).toEqual([1301])
  expect((await readStored('checkpoint', 3)).entries).toMatchObject([{ seq: 1300 }])
})

test('a list is whole as long as events are kept; entries that were replaced before are removed', async () => {
  const [busy, quiet] = [await ship(new TestChain('busy'), NEW), await ship(new TestChain('quiet'), NEW)]
  for (let day = 1; day <= 6; day += 1) {
    await writeHead(deps)
    await ship(busy, NEW + day)
  }
  await removeOldEvents({ ...deps, retentionDays: 2 })
  const { results } = await db
    .prepare("SELECT chain, n FROM list_entries WHERE kind = 'head' ORDER BY chain, n")
    .all()
  expect(results).toEqual([
    { chain: 'busy', n: 4 },
    { chain: 'busy', n: 5 },
    { chain: 'busy', n: 6 },
    { chain: 'quiet', n: 1 },
  ])
  for (const n of [4, 5, 6]) {
    const { entries, claims } = await readStored('head', n)
    expect(claims).toMatchObject(await digestOf(entries))
    expect(entries).toContainEqual(quiet.head)
  }
})

test('denials, rejected events and sessions have the same limit', async () => {
  const hour = (ms: number) => `${new Date(ms).toISOString().slice(0, 13)}:00:00.000Z`
  const chain = new TestChain()
  const batch = await chain.next(
    { type: 'session.opened', session: 'old', atMs: OLD },
    { type: 'session.opened', session: 'new', atMs: NEW },
  )
  const rejected = batch.events.map(({ body, seq }) => ({ id: JSON.parse(body).id, seq, reason: 'x', body }))
  await store.append({ ...batch, rejected })
  await db
    .prepare("INSERT INTO denials VALUES (?1, 'bearer', 4), (?2, 'bearer', 5)")
    .bind(hour(OLD), hour(NEW))
    .run()
  await removeOldEvents(deps)
  const left = await db.batch<{ left: unknown }>([
    db.prepare('SELECT count AS left FROM denials'),
    db.prepare('SELECT seq AS left FROM rejected_events'),
    db.prepare('SELECT id AS left FROM sessions'),
  ])
  expect(left.map(({ results }) => results)).toEqual([[{ left: 5 }], [{ left: 2 }], [{ left: 'new' }]])
})
