import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { EventFilter, SessionFilter } from '#audit/filter.ts'
import {
  askClientsOfUser,
  askEvent,
  askEvents,
  askSessions,
  askUser,
  askUsers,
  askUsersBy,
  askUsersOfClient,
  type Question,
} from '#audit/questions.ts'

const database = new DatabaseSync(':memory:')
for (const file of readdirSync('migrations').toSorted())
  database.exec(readFileSync(join('migrations', file), 'utf8'))

const Plan = z.array(z.object({ detail: z.string() }))
const planOf = ({ sql, params }: Question): string[] =>
  Plan.parse(database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...params)).map(({ detail }) => detail)

/** The only scans are of what a search has found: at most SEEN_ROWS rows, one row, or a page of values. */
const BOUNDED_SCANS = ['SCAN seen', 'SCAN edge', 'SCAN found', 'SCAN CONSTANT ROW']

/** The searches of a question, after checking that it neither reads a whole table or index nor sorts. */
function searchesOf(question: Question): readonly string[] {
  const plan = planOf(question)
  expect(plan.filter((step) => step.startsWith('SCAN') && !BOUNDED_SCANS.includes(step))).toEqual([])
  expect(plan.filter((step) => step.includes('TEMP B-TREE'))).toEqual([])
  return plan.filter((step) => step.startsWith('SEARCH'))
}

const values = {
  user: 'u',
  client: 'c',
  what: 'addTodo',
  outcome: 'failed',
  type: 'call.denied',
  session: 's',
  transaction: 't',
} as const satisfies EventFilter
const names = ['user', 'client', 'what', 'outcome', 'type', 'session', 'transaction'] as const

/** Every combination of members, with and without times. */
const combinations: EventFilter[] = Array.from({ length: 2 ** names.length }, (_, bits) =>
  Object.fromEntries(names.filter((_name, bit) => bits & (1 << bit)).map((name) => [name, values[name]])),
).flatMap((filter) => [filter, { ...filter, fromMs: 1_700_000_000_000, toMs: 1_800_000_000_000 }])

const pages = (['oldest', 'newest'] as const).flatMap((order) =>
  [null, '018c0000-0000-7000-8000-000000000000'].map((after) => ({ order, after, limit: 50 })),
)

test('every combination of members, order and page is one search by an index, without a scan or a sort', () => {
  expect(combinations).toHaveLength(256)
  for (const filter of combinations)
    for (const page of pages)
      for (const step of searchesOf(askEvents(filter, page)))
        expect(step).toMatch(/^SEARCH events USING (?:COVERING )?INDEX events_\w+ \([^)]*id>\? AND id<\?\)$/)
})

const indexOf = (filter: EventFilter) => {
  const [first = ''] = searchesOf(askEvents(filter, { order: 'newest', after: null, limit: 50 }))
  return /INDEX (\w+) /.exec(first)?.[1]
}

test.each([
  [{}, 'events_time'],
  [{ user: 'u' }, 'events_user'],
  [{ user: 'u', what: 'addTodo', outcome: 'done' }, 'events_user'],
  [{ user: 'u', type: 'call.denied' }, 'events_user'],
  [{ user: 'u', transaction: 't' }, 'events_transaction'],
  [{ client: 'c' }, 'events_client'],
  [{ client: 'c', what: 'addTodo' }, 'events_client'],
  [{ client: 'c', outcome: 'failed' }, 'events_client_refused'],
  [{ outcome: 'failed', what: 'addTodo' }, 'events_refused'],
  [{ client: 'c', outcome: 'done' }, 'events_client'],
  [{ type: 'call.denied', outcome: 'refused' }, 'events_type'],
  [{ session: 's', user: 'u' }, 'events_session'],
  [{ what: 'addTodo' }, 'events_what'],
  // Most events have these values, and no index has them.
  [{ type: 'call' }, 'events_time'],
  [{ outcome: 'done' }, 'events_time'],
] as const satisfies readonly (readonly [EventFilter, string])[])('%o is found by %s', (filter, index) => {
  expect(indexOf(filter)).toBe(index)
})

test('sessions are found by their user or by time, whatever else is asked of them', () => {
  const filters: SessionFilter[] = [
    {},
    { isOpen: true },
    { isAudited: false },
    { client: 'c', isOpen: false, isAudited: true },
  ]
  for (const filter of filters)
    for (const after of [null, { seenAt: '2026-01-01T00:00:00.000Z', id: 's' }]) {
      for (const step of searchesOf(askSessions({ ...filter, user: 'u' }, after, 50)))
        expect(step).toContain(' INDEX sessions_user (user=? AND (seen_at,id)<(?,?))')
      for (const step of searchesOf(askSessions(filter, after, 50)))
        expect(step).toContain(' INDEX sessions_seen ((seen_at,id)<(?,?))')
    }
})

test('users of a log that had only its first migration stay, without usernames', () => {
  const earlier = new DatabaseSync(':memory:')
  const [first = '', ...later] = readdirSync('migrations').toSorted()
  earlier.exec(readFileSync(join('migrations', first), 'utf8'))
  earlier.exec("INSERT INTO users VALUES ('u', 'encrypted', 'hash', 1, 2)")
  for (const file of later) earlier.exec(readFileSync(join('migrations', file), 'utf8'))
  const rowsOf = ({ sql, params }: Question) => earlier.prepare(sql).all(...params)
  const row = { id: 'u', name: 'encrypted', username: null, first_seen_ms: 1, last_seen_ms: 2 }
  expect(rowsOf(askUsersBy('name', 'hash', null, 50))).toMatchObject([row])
  expect(rowsOf(askUsers(null, 50))).toMatchObject([row])
})

test('one event, one user, names, the users of a client and the clients of a user are searched', () => {
  expect(searchesOf(askEvent('e'))).toEqual(['SEARCH events USING INDEX events_time (id=?)'])
  expect(searchesOf(askUser('u'))).toEqual(['SEARCH users USING PRIMARY KEY (id=?)'])
  expect(searchesOf(askUsers(null, 50))).toEqual(['SEARCH users USING PRIMARY KEY (id>?)'])
  expect(searchesOf(askUsersBy('username', 'h', 'u', 50))).toEqual([
    'SEARCH users USING INDEX users_username (username_hash=? AND id>?)',
  ])
  expect(searchesOf(askUsersBy('name', 'h', 'u', 50))).toEqual([
    'SEARCH users USING INDEX users_name (name_hash=? AND id>?)',
  ])
  for (const step of searchesOf(askUsersOfClient('c', null, 50)))
    expect(step).toBe('SEARCH events USING INDEX events_client_users (client=? AND chain>?)')
  for (const step of searchesOf(askClientsOfUser('u', null, 50)))
    expect(step).toBe('SEARCH events USING INDEX events_user_clients (chain=? AND client>?)')
})
