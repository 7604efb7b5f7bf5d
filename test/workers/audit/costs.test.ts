import { env } from 'cloudflare:workers'
import { makeAuditStore } from '#audit/store.ts'
import { expect, test } from 'vitest'
import { START_MS, TestChain } from './events.ts'

const db = env.RECORDS

// A partial index is used only where the question repeats its condition.
const OUTCOME = "outcome = 'failed' AND outcome <> 'done'"
const TYPE = "type = 'call.denied' AND type <> 'call'"
test.each([
  ['of a user, by time', 'chain = ?1 AND id > ?2', 'id', 'events_user'],
  ['of a client, by time', 'client = ?1 AND id > ?2', 'id', 'events_client'],
  ['of a tool, by time', 'what = ?1 AND id > ?2', 'id', 'events_what'],
  ['of an outcome, by time', `${OUTCOME} AND id > ?2 AND ?1 = ?1`, 'id', 'events_refused'],
  ['of a type, by time', `${TYPE} AND id > ?2 AND ?1 = ?1`, 'id', 'events_type'],
  ['of a session, by time', 'session = ?1 AND id > ?2', 'id', 'events_session'],
  ['of a transaction, by time', 'transaction_id = ?1 AND id > ?2', 'id', 'events_transaction'],
  ['by time', 'id > ?2 AND ?1 = ?1', 'id', 'events_time'],
])('events %s have an index, and need no sorting', async (_what, where, order, index) => {
  const question = `SELECT body FROM events WHERE ${where} ORDER BY ${order} LIMIT 50`
  const { results } = await db
    .prepare(`EXPLAIN QUERY PLAN ${question}`)
    .bind('one', '01a0')
    .all<{ detail: string }>()
  const plan = results.map(({ detail }) => detail).join('; ')
  expect(plan).toContain(`USING INDEX ${index} (`)
  expect(plan).not.toContain('TEMP B-TREE')
})

test.each([
  ['sessions of a user', 'sessions WHERE user = ? ORDER BY seen_at DESC', 'sessions_user'],
  ['sessions by time', 'sessions WHERE seen_at > ? ORDER BY seen_at', 'sessions_seen'],
  ['users by name', 'users WHERE name_hash = ?', 'users_name'],
  ['users by username', 'users WHERE username_hash = ?', 'users_username'],
])('%s have an index', async (_what, question, index) => {
  const { results } = await db.prepare(`EXPLAIN QUERY PLAN SELECT * FROM ${question}`).bind('one').all()
  expect(JSON.stringify(results)).toContain(`USING INDEX ${index} (`)
})

/** The database, with a count of the rows that batches wrote and read. */
function counted() {
  const rows = { written: 0, read: 0 }
  const database: D1Database = new Proxy(db, {
    get: (target, name) => {
      if (name === 'batch')
        return async (statements: D1PreparedStatement[]) => {
          const results = await target.batch(statements)
          for (const { meta } of results) {
            rows.written += meta.rows_written
            rows.read += meta.rows_read
          }
          return results
        }
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
  return { database, rows }
}

// At D1's list prices a million rows cost $1.00 to write and $0.001 to read.
test.each([
  { size: 50, written: 8.2, read: 6 },
  { size: 1, written: 12.5, read: 9 },
])('a call in a batch of $size writes and reads a stated number of rows', async ({ size, written, read }) => {
  const count = 200
  const { database, rows } = counted()
  const store = makeAuditStore(database)
  const chain = new TestChain()
  for (let at = 0; at < count; at += size) {
    const session = `session-${size}`
    const calls = Array.from({ length: size }, () => ({
      type: 'call' as const,
      session,
      atMs: START_MS + at,
    }))
    expect(await store.append(await chain.next(...calls))).toEqual({ outcome: 'stored' })
  }
  expect(rows.written).toBeLessThanOrEqual(written * count)
  expect(rows.read).toBeLessThanOrEqual(read * count)
})
