import { env } from 'cloudflare:workers'
import { isHeadUnfinished, writeHead } from '#audit/heads.ts'
import { makeAuditStore } from '#audit/store.ts'
import { GENESIS } from '#events/chain.ts'
import { sha256Hex } from '#lib/hash.ts'
import { beforeEach, expect, test, vi } from 'vitest'
import { TestChain } from './events.ts'
import { answers, clock, deps, digestOf, objects, readStored } from './lists.ts'

const db = env.RECORDS
const store = makeAuditStore(db)

/** What the log says at level error. */
const errors = vi.spyOn(console, 'error')
const errorEvents = () => errors.mock.calls.map(([line]) => JSON.parse(String(line)).event)

const tables = ['events', 'chains', 'sessions', 'signed_lists', 'list_entries']
beforeEach(async () => {
  errors.mockClear()
  objects.clear()
  await db.batch(tables.map((table) => db.prepare(`DELETE FROM ${table}`)))
})

async function ship(chain: TestChain, count = 1): Promise<TestChain> {
  const parts = Array.from({ length: count }, () => ({ type: 'call' as const }))
  expect(await store.append(await chain.next(...parts))).toEqual({ outcome: 'stored' })
  answers(chain)
  return chain
}
const entryOf = async (n: number, { chain }: TestChain) =>
  (await readStored('head', n)).entries.filter((entry) => entry.chain === chain)

test('each list has every chain, is signed, and names the one before', async () => {
  const [first, second] = [await ship(new TestChain('b'), 3), await ship(new TestChain('a'))]
  await writeHead(deps)
  const one = await readStored('head', 1)
  expect(one.entries).toEqual([second.head, first.head])
  expect(one.kid).toBe('audit-1')
  expect(one.claims).toEqual({
    v: 1,
    kind: 'head',
    app: 'notes',
    n: 1,
    at: new Date(clock.ms).toISOString(),
    ...(await digestOf([second.head, first.head])),
    previous: null,
  })

  await ship(first)
  const third = await ship(new TestChain('aa'))
  await writeHead(deps)
  const two = await readStored('head', 2)
  const all = [second.head, third.head, first.head]
  expect(two.entries).toEqual(all)
  expect(two.claims).toMatchObject({ n: 2, ...(await digestOf(all)), previous: await sha256Hex(one.jws) })
  // Unchanged chains are not repeated.
  const stored = await db.prepare("SELECT chain FROM list_entries WHERE kind = 'head' AND n = 2").all()
  expect(stored.results).toEqual([{ chain: 'aa' }, { chain: 'b' }])

  // A day without events is signed too.
  await writeHead(deps)
  expect((await readStored('head', 3)).claims).toMatchObject({ n: 3, ...(await digestOf(all)) })
  expect(errorEvents()).toEqual([])
})

test('a chain that was dropped from D1 keeps its entry, and an error names it', async () => {
  const dropped = await ship(new TestChain(), 3)
  await ship(new TestChain())
  await writeHead(deps)
  for (const table of ['events', 'chains'])
    await db.prepare(`DELETE FROM ${table} WHERE chain = ?`).bind(dropped.chain).run()
  await writeHead(deps)
  expect(await entryOf(2, dropped)).toEqual([dropped.head])
  expect((await readStored('head', 2)).claims).toMatchObject({ count: 2 })
  expect(errorEvents()).toEqual(['audit.chain-missing'])
})

test('where D1 lost the tail of a chain, the entry is the object’s own', async () => {
  const cut = await ship(new TestChain(), 2)
  const before = cut.head
  await ship(cut, 3)
  await db.batch([
    db.prepare('DELETE FROM events WHERE chain = ? AND seq > 2').bind(cut.chain),
    db.prepare('UPDATE chains SET seq = 2, hash = ? WHERE chain = ?').bind(before.hash, cut.chain),
  ])
  await writeHead(deps)
  expect(await entryOf(1, cut)).toEqual([cut.head])
  expect(errorEvents()).toEqual(['audit.tail-missing'])
})

test('where D1 has another last event than the object has shipped, the entry is the object’s own', async () => {
  const changed = await ship(new TestChain(), 2)
  await db.prepare("UPDATE events SET hash = 'x' WHERE chain = ? AND seq = 2").bind(changed.chain).run()
  await db.prepare("UPDATE chains SET hash = 'x' WHERE chain = ?").bind(changed.chain).run()
  await writeHead(deps)
  expect(await entryOf(1, changed)).toEqual([changed.head])
  expect(errorEvents()).toEqual(['audit.tail-missing'])
})

test('where D1 lost a whole epoch, both epochs have an entry', async () => {
  const old = await ship(new TestChain(), 2)
  const next = Object.assign(new TestChain(old.chain), { epoch: 2 })
  await ship(next)
  for (const table of ['events', 'chains'])
    await db.prepare(`DELETE FROM ${table} WHERE chain = ? AND epoch = 2`).bind(old.chain).run()
  await writeHead(deps)
  expect(await entryOf(1, old)).toEqual([old.head, next.head])
  expect(errorEvents()).toEqual(['audit.tail-missing'])
})

test('an object that is behind D1, ships meanwhile or does not answer is not reported as a fault of D1', async () => {
  const behind = await ship(new TestChain(), 2)
  objects.set(behind.chain, { ...behind.head, seq: 1, hash: 'of-1', waiting: 1 })
  const unborn = await ship(new TestChain())
  objects.set(unborn.chain, { chain: unborn.chain, epoch: 1, seq: 0, hash: GENESIS, waiting: 2 })
  const silent = await ship(new TestChain())
  objects.delete(silent.chain)
  const busy = await ship(new TestChain())
  const stateOf = async (chain: string) => {
    if (chain === busy.chain) await ship(busy)
    return deps.stateOf(chain)
  }
  await writeHead({ ...deps, stateOf })
  for (const chain of [behind, unborn, silent, busy]) expect(await entryOf(1, chain)).toEqual([chain.head])
  expect(errorEvents()).toEqual([])
})

test('a list takes a bounded number of changes, the longest waiting first', async () => {
  const chains = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => ship(new TestChain(name))))
  await writeHead(deps, 2)
  expect(await isHeadUnfinished(db, 2)).toBe(true)
  // The first two change again and do not push the others back.
  await ship(new TestChain('0'))
  for (const chain of chains.slice(0, 2)) await ship(chain)
  await writeHead(deps, 4)
  const names = async (n: number) => (await readStored('head', n)).entries.map(({ chain }) => chain)
  expect(await names(1)).toEqual(['a', 'b'])
  expect(await names(2)).toEqual(['0', 'a', 'b', 'c', 'd', 'e'])
  expect((await entryOf(2, new TestChain('a')))[0]?.seq).toBe(1)
  await writeHead(deps, 4)
  expect(await isHeadUnfinished(db, 4)).toBe(false)
  expect((await entryOf(3, new TestChain('a')))[0]?.seq).toBe(2)
})

test('of two runs at once one signs, and the other leaves nothing', async () => {
  await ship(new TestChain())
  const runs = await Promise.allSettled([writeHead(deps), writeHead(deps)])
  expect(runs.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  const counts = await db.batch([
    db.prepare('SELECT count(*) AS rows FROM signed_lists'),
    db.prepare('SELECT count(*) AS rows FROM list_entries'),
  ])
  expect(counts.map(({ results }) => results[0])).toEqual([{ rows: 1 }, { rows: 1 }])
})

test('a list longer than a page is digested whole', async () => {
  const rows = Array.from({ length: 2500 }, (_, at) => [`chain-${String(at).padStart(5, '0')}`, at + 1])
  await db
    .prepare(
      "INSERT INTO chains SELECT json_extract(value, '$[0]'), 1, json_extract(value, '$[1]'), 'h', 0 FROM json_each(?)",
    )
    .bind(JSON.stringify(rows))
    .run()
  await writeHead(deps)
  await ship(new TestChain('chain-00700'))
  await writeHead(deps)
  const { entries, claims } = await readStored('head', 2)
  expect(entries).toHaveLength(2500)
  expect(claims).toMatchObject(await digestOf(entries))
})
