import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import type { EventFilter } from '#audit/filter.ts'
import { askEvents } from '#audit/questions.ts'
import { askD1, AuditQuestions, type FoundEvent } from '#audit/read-questions.ts'
import { makeAuditStore } from '#audit/store.ts'
import { type Part, START_MS, TestChain } from './events.ts'

const db = env.RECORDS
const store = makeAuditStore(db)
const questions = new AuditQuestions(askD1(db))

const MINUTE_MS = 60_000
const client = (name: string) => ({ id: `https://${name}.example.com/client.json` })

async function stored(...parts: readonly Part[]): Promise<TestChain> {
  const chain = new TestChain()
  const batch = await chain.next(...parts)
  expect(await store.append(batch)).toEqual({ outcome: 'stored' })
  return chain
}

/** All pages of a question. */
async function all(filter: EventFilter, limit: number, order: 'oldest' | 'newest' = 'oldest') {
  const found: FoundEvent[] = []
  for (let after: string | null = null, isFirst = true; isFirst || after !== null; isFirst = false) {
    const page = await questions.events(filter, { order, after, limit })
    expect(page.items.length).toBeLessThanOrEqual(limit)
    found.push(...page.items)
    after = page.next
  }
  return found
}

const at = (minute: number) => START_MS + minute * MINUTE_MS

test('events of a user are found by tool, outcome, type and time, the oldest or the newest first', async () => {
  const { chain: user } = await stored(
    { type: 'chain.opened', atMs: at(0) },
    { type: 'call', atMs: at(1), what: { kind: 'tool', name: 'addNote' } },
    { type: 'call', atMs: at(2), what: { kind: 'tool', name: 'listNotes' }, outcome: 'failed' },
    {
      type: 'call.denied',
      atMs: at(3),
      reason: 'insufficient_scope',
      what: { kind: 'tool', name: 'addNote' },
    },
    { type: 'call', atMs: at(4), what: { kind: 'tool', name: 'addNote' }, outcome: 'failed' },
  )
  const seqs = async (filter: EventFilter, order?: 'newest') =>
    (await all({ user, ...filter }, 2, order)).map(({ seq }) => seq)
  expect(await seqs({})).toEqual([1, 2, 3, 4, 5])
  expect(await seqs({}, 'newest')).toEqual([5, 4, 3, 2, 1])
  expect(await seqs({ what: 'addNote' })).toEqual([2, 4, 5])
  expect(await seqs({ what: 'addNote', outcome: 'failed' })).toEqual([5])
  expect(await seqs({ outcome: 'done' })).toEqual([2])
  expect(await seqs({ type: 'call.denied' })).toEqual([4])
  expect(await seqs({ type: 'call' }, 'newest')).toEqual([5, 3, 2])
  // From inclusive, to exclusive.
  expect(await seqs({ fromMs: at(1), toMs: at(3) })).toEqual([2, 3])
  expect(await seqs({ fromMs: at(2), what: 'addNote' }, 'newest')).toEqual([5, 4])
  expect(await seqs({ fromMs: at(9) })).toEqual([])
})

test('a transaction and one event are found, and nothing for another id', async () => {
  const transaction = crypto.randomUUID()
  const { chain: user } = await stored(
    { type: 'call.began', transaction, atMs: at(1) },
    { type: 'call', atMs: at(2) },
    { type: 'call.ended', transaction, atMs: at(3) },
  )
  const { items, next } = await questions.transaction(transaction)
  expect(items.map(({ event }) => event?.type)).toEqual(['call.began', 'call.ended'])
  expect(next).toBeNull()
  const [first] = items
  expect(await questions.event(first?.id ?? '')).toEqual(first)
  expect(await questions.event('01900000-0000-7000-8000-000000000000')).toBeNull()
  expect(await all({ transaction, user }, 10)).toHaveLength(2)
  expect(await all({ transaction, user: 'another' }, 10)).toEqual([])
})

test('an event of another release is found with a mark, and its page with it', async () => {
  const chain = new TestChain()
  const bodies = (await chain.copy().next({ type: 'call' }, { type: 'call', atMs: at(1) })).events.map(
    ({ body }) => body,
  )
  const [first = '', second = ''] = bodies
  const later = first.replace('"type":"call"', '"type":"call.dreamt"')
  expect(await store.append(await chain.ship([later, second]))).toEqual({ outcome: 'stored' })
  const [marked, known] = await all({ user: chain.chain }, 10)
  expect(marked).toMatchObject({ seq: 1, event: null, fault: 'type' })
  expect(known).toMatchObject({ seq: 2, event: { type: 'call' }, fault: null })
})

test('a rare combination among many events is found, and each statement reads a bounded number of rows', async () => {
  const rare = 'dreamNote'
  const parts = Array.from({ length: 3500 }, (_, index): Part => ({
    type: 'call',
    atMs: at(index),
    arguments: {},
    what: { kind: 'tool', name: index === 17 || index === 3402 ? rare : 'listNotes' },
  }))
  const { chain: user } = await stored(...parts)
  for (const order of ['oldest', 'newest'] as const)
    expect((await all({ user, what: rare }, 5, order)).map(({ seq }) => seq)).toEqual(
      order === 'oldest' ? [18, 3403] : [3403, 18],
    )
  const rowsRead = async (filter: EventFilter, after: string | null = null) => {
    const { sql, params } = askEvents(filter, { order: 'oldest', after, limit: 50 })
    const { meta } = await db
      .prepare(sql)
      .bind(...params)
      .all()
    return meta.rows_read
  }
  expect(await rowsRead({ user })).toBeLessThanOrEqual(2 * 50)
  expect(await rowsRead({ user, what: 'listNotes' })).toBeLessThanOrEqual(4 * 52)
  expect(await rowsRead({ user, what: rare })).toBeLessThanOrEqual(4000)
})

test('sessions are found by user, client and whether they are open', async () => {
  const [open, closed] = [crypto.randomUUID(), crypto.randomUUID()]
  const { chain: user } = await stored(
    { type: 'session.opened', session: open, atMs: at(1), client: client('one') },
    { type: 'session.opened', session: closed, atMs: at(2), client: client('two') },
    { type: 'session.closed', session: closed, atMs: at(3), client: client('two') },
    { type: 'call', session: open, atMs: at(4), client: client('one') },
  )
  const ids = async (filter: Parameters<typeof questions.sessions>[0], limit = 10) =>
    (await questions.sessions({ user, ...filter }, null, limit)).items.map(({ id }) => id)
  expect(await ids({})).toEqual([open, closed])
  expect(await ids({ isOpen: true })).toEqual([open])
  expect(await ids({ isOpen: false })).toEqual([closed])
  expect(await ids({ client: client('two').id })).toEqual([closed])
  expect(await ids({ isAudited: true })).toEqual([])
  const first = await questions.sessions({ user }, null, 1)
  expect(first.items).toMatchObject([
    { id: open, user, openedAt: new Date(at(1)).toISOString(), calls: { done: 1 }, closedAt: null },
  ])
  const second = await questions.sessions({ user }, first.next, 1)
  expect(second.items).toMatchObject([{ id: closed, closedReason: 'deleted' }])
})

test('the users of a client and the clients of a user are each found once, however often they signed in', async () => {
  const shared = client(crypto.randomUUID())
  const only = client('only')
  const users = await Promise.all(
    [1, 2, 3].map(() =>
      stored(
        { type: 'grant.opened', scopes: [], client: shared },
        { type: 'grant.opened', scopes: [], client: only },
        { type: 'grant.opened', scopes: [], client: shared },
        { type: 'call', client: client('never-signed-in') },
      ),
    ),
  )
  const names = users.map(({ chain }) => chain).toSorted()
  const first = await questions.usersOfClient(shared.id, null, 2)
  expect(first).toEqual({ items: names.slice(0, 2), next: names[1] })
  expect(await questions.usersOfClient(shared.id, first.next, 2)).toEqual({
    items: names.slice(2),
    next: null,
  })
  const clients = await questions.clientsOfUser(names[0] ?? '', null, 10)
  expect(clients).toEqual({ items: [only.id, shared.id].toSorted(), next: null })
  expect(await questions.usersOfClient('nobody', null, 2)).toEqual({ items: [], next: null })
})

test('the directory is read by id, by either name and page by page', async () => {
  const rows = ['a', 'b', 'c'].map((id) => ({
    id: `directory-${id}`,
    nameHash: id === 'c' ? 'other' : 'same',
  }))
  for (const { id, nameHash } of rows) {
    const batch = { chain: id, epoch: 1, events: [], rejected: [] }
    const names = { name: `name of ${id}`, nameHash, username: `username of ${id}`, usernameHash: id }
    await store.append({ ...batch, directory: { ...names, seenAtMs: START_MS } })
  }
  const names = { name: 'name of directory-a', username: 'username of directory-a' }
  const row = { ...names, firstSeenMs: START_MS, lastSeenMs: START_MS }
  expect(await questions.user('directory-a')).toEqual({ id: 'directory-a', ...row })
  expect(await questions.user('nobody')).toBeNull()
  expect((await questions.usersBy('username', 'directory-a', null, 10)).items).toMatchObject([row])
  expect((await questions.usersBy('username', 'same', null, 10)).items).toEqual([])
  const { items } = await questions.usersBy('name', 'same', null, 10)
  expect(items.map(({ id }) => id)).toEqual(['directory-a', 'directory-b'])
  const page = await questions.users('directory-a', 1)
  expect(page).toMatchObject({ items: [{ id: 'directory-b' }], next: 'directory-b' })
})
