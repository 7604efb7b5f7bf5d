import { env } from 'cloudflare:workers'
import { makeAuditStore } from '#audit/store.ts'
import { expect, test } from 'vitest'
import { newEvent, type Part, TestChain } from './events.ts'

const db = env.RECORDS
const store = makeAuditStore(db)

const seqsOf = async ({ chain }: TestChain, epoch = 1) => {
  const { results } = await db
    .prepare('SELECT seq FROM events WHERE chain = ? AND epoch = ? ORDER BY seq')
    .bind(chain, epoch)
    .all<{ seq: number }>()
  return results.map(({ seq }) => seq)
}
const headOf = ({ chain }: TestChain) =>
  db.prepare('SELECT epoch, seq, hash FROM chains WHERE chain = ? ORDER BY epoch DESC').bind(chain).first()

const calls = (count: number, part: Partial<Part> = {}): Part[] =>
  Array.from({ length: count }, () => ({ type: 'call', ...part }))

test('a batch is stored as exact text, and its columns come from the body', async () => {
  const chain = new TestChain()
  const body = JSON.stringify(
    newEvent(chain.chain, {
      type: 'call',
      arguments: { plain: { text: '"\\\u0000\ud83d\ude00\ud800 \u2028' } },
    }),
  )
  const batch = await chain.ship([body])
  expect(await store.append(batch)).toEqual({ outcome: 'stored' })
  const row = await db.prepare('SELECT * FROM events WHERE chain = ?').bind(chain.chain).first()
  expect(row).toMatchObject({ epoch: 1, seq: 1, body, hash: chain.hash, type: 'call', what: 'addNote' })
  expect(row).toMatchObject({ outcome: 'done', client: 'https://agent.example.com/client.json' })
})

test('a batch that is sent again, or overlaps the one before, changes nothing twice', async () => {
  const chain = new TestChain()
  const first = await chain.next({ type: 'chain.opened' }, ...calls(3))
  const longer = { ...first, events: [...first.events, ...(await chain.next(...calls(2))).events] }
  for (const batch of [first, first, longer, first]) {
    expect(await store.append(batch)).toEqual({ outcome: 'stored' })
  }
  expect(await seqsOf(chain)).toEqual([1, 2, 3, 4, 5, 6])
  // The head does not move back with the last, old batch.
  expect(await headOf(chain)).toEqual({ epoch: 1, seq: 6, hash: chain.hash })
})

test('a batch that contradicts D1 is not stored, and the answer names the head', async () => {
  const chain = new TestChain()
  await store.append(await chain.next(...calls(4)))
  const restored = chain.copy()
  await store.append(await chain.next(...calls(3)))
  const other = await restored.next(...calls(5))
  const fork = { ...other, rejected: [{ id: 'r', seq: 9, reason: 'x', body: '{}' }] }
  const head = { epoch: 1, seq: 7, hash: chain.hash }
  expect(await store.append(fork)).toEqual({ outcome: 'forked', head })
  expect(await seqsOf(chain)).toEqual([1, 2, 3, 4, 5, 6, 7])
  expect(await headOf(chain)).toEqual(head)
  expect(await db.prepare("SELECT * FROM rejected_events WHERE id = 'r'").first()).toBeNull()

  // The next epoch goes on; the one before is closed, also for what would fit behind it.
  const next = Object.assign(new TestChain(chain.chain), { epoch: 2 })
  expect(await store.append(await next.next({ type: 'chain.opened', previous: head }))).toEqual({
    outcome: 'stored',
  })
  expect(await store.append(await chain.next(...calls(1)))).toEqual({
    outcome: 'forked',
    head: { epoch: 2, seq: 1, hash: next.hash },
  })
  expect(await seqsOf(chain)).toEqual([1, 2, 3, 4, 5, 6, 7])
})

test('a fork is found where the row of the chain is gone', async () => {
  const chain = new TestChain()
  const restored = chain.copy()
  await store.append(await chain.next(...calls(2)))
  await db.prepare('DELETE FROM chains WHERE chain = ?').bind(chain.chain).run()
  expect(await store.append(await restored.next(...calls(1)))).toEqual({
    outcome: 'forked',
    head: { epoch: 1, seq: 2, hash: chain.hash },
  })
})

const withId = (id: string) => JSON.stringify({ id, type: 'call' })
test.each([
  ['is no JSON', 'no JSON', ''],
  ['has no id', JSON.stringify({ type: 'call' }), ''],
  ['has no type', JSON.stringify({ id: 'without-type' }), 'without-type'],
  ['has an id of another event', withId('twice'), 'twice'],
  ['is too big', JSON.stringify({ id: 'big', type: 'call', text: '"'.repeat(600_000) }), 'big'],
])('an event that %s is named, and nothing of its batch is stored', async (_why, body, id) => {
  await store.append(await new TestChain(`holds-${id}`).ship([withId('twice')]))
  const chain = new TestChain()
  const good = Array.from({ length: 20 }, () => JSON.stringify(newEvent(chain.chain, { type: 'call' })))
  const batch = await chain.ship([...good.slice(0, 13), body, ...good.slice(13)])
  expect(await store.append(batch)).toEqual({ outcome: 'refused', id, reason: expect.stringMatching(/./) })
  expect(await seqsOf(chain)).toEqual([])
  expect(await headOf(chain)).toBeNull()
})

test('an event that is twice in one batch is found', async () => {
  const chain = new TestChain()
  const batch = await chain.ship([withId('own-1'), withId('own-2'), withId('own-1')])
  expect(await store.append(batch)).toMatchObject({ outcome: 'refused', id: 'own-1' })
})

test('a batch of more bytes than one value may have is stored whole', async () => {
  const chain = new TestChain()
  const text = 'é'.repeat(100_000)
  const parts: Part[] = calls(30, { arguments: { plain: { text } } })
  expect(await store.append(await chain.next(...parts))).toEqual({ outcome: 'stored' })
  expect(await seqsOf(chain)).toHaveLength(30)
})

test('rejected events and the user are stored with the batch, also without any event', async () => {
  const chain = new TestChain()
  const rejected = [{ id: `rejected-${chain.chain}`, seq: 1, reason: 'no such type', body: '{"type":"x"}' }]
  const username = { username: 'encrypted too', usernameHash: 'other hash' }
  const seen = { name: 'encrypted', nameHash: 'hash', ...username, seenAtMs: 5000 }
  const batch = { ...(await chain.next({ type: 'chain.opened' })), rejected, directory: seen }
  const later = { ...batch, events: [], rejected: [], directory: { ...seen, name: null, seenAtMs: 4000 } }
  for (const one of [batch, batch, later]) expect(await store.append(one)).toEqual({ outcome: 'stored' })
  const users = () => db.prepare('SELECT * FROM users WHERE id = ?').bind(chain.chain).first()
  expect(await users()).toEqual({
    id: chain.chain,
    name: null,
    name_hash: 'hash',
    username: 'encrypted too',
    username_hash: 'other hash',
    first_seen_ms: 5000,
    last_seen_ms: 5000,
  })
  const rows = await db.prepare('SELECT * FROM rejected_events WHERE chain = ?').bind(chain.chain).all()
  expect(rows.results).toEqual([{ chain: chain.chain, epoch: 1, ...rejected[0] }])
  expect(await store.forget(chain.chain)).toBe(true)
  expect(await users()).toBeNull()
})

test('a database without tables makes events wait', async () => {
  const chain = new TestChain()
  const batch = await chain.next(...calls(2))
  await db.prepare('ALTER TABLE events RENAME TO hidden').run()
  try {
    expect(await store.append(batch)).toEqual({
      outcome: 'unavailable',
      detail: expect.stringContaining('no such table'),
    })
  } finally {
    await db.prepare('ALTER TABLE hidden RENAME TO events').run()
  }
  expect(await store.append(batch)).toEqual({ outcome: 'stored' })
})
