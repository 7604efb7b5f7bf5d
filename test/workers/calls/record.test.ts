import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'
import { LOST_AFTER_MS, ROWS_LAST_MS } from '#users/calls/call-sweep.ts'
import { begin, intent, userWith, rowsOf } from './story.ts'
import { clock } from './worker.ts'

const DAY_MS = 24 * 3_600_000

test('a call whose outcome nobody told is unknown after two minutes, by the alarm of an object that died', async () => {
  const user = await userWith('crash', 'g1')
  const message = intent({ key: null })
  await user.beginCall(message)
  await evictDurableObject(user)
  clock.nowMs += LOST_AFTER_MS - 1
  await runDurableObjectAlarm(user)
  expect(await rowsOf(user)).toMatchObject([{ id: message.transaction, outcome: null }])
  clock.nowMs += 1
  expect(await runDurableObjectAlarm(user)).toBe(true)
  expect(await rowsOf(user)).toMatchObject([{ outcome: 'unknown', ended_at_ms: clock.nowMs }])
  // Whoever comes with an outcome now comes too late.
  await user.endCall(message.transaction, 'done', null)
  expect(await rowsOf(user)).toMatchObject([{ outcome: 'unknown' }])
})

test('the same key finds out without the alarm', async () => {
  const user = await userWith('crash-key', 'g1')
  const first = await begin(user)
  expect(first.verdict).toBe('go')
  clock.nowMs += LOST_AFTER_MS
  expect(await begin(user)).toMatchObject({ verdict: 'unknown' })
})

test('rows are numbered in the order of their last change', async () => {
  const user = await userWith('numbered', 'g1')
  const [one, two] = [intent({ key: null }), intent({ key: null, effect: 'read', tool: 'listTodos' })]
  await user.beginCall(one)
  await user.beginCall(two)
  await user.endCall(one.transaction, 'done', null)
  expect(await rowsOf(user)).toMatchObject([
    { seq: 2, id: two.transaction, effect: 'read', outcome: null },
    { seq: 3, id: one.transaction, effect: 'write', outcome: 'done' },
  ])
})

test('rows go after thirty days but for the newest, so that no number is given twice', async () => {
  const user = await userWith('old', 'g1')
  for (let n = 0; n < 3; n += 1) {
    const message = intent({ key: null })
    await user.beginCall(message)
    await user.endCall(message.transaction, 'done', null)
  }
  clock.nowMs += ROWS_LAST_MS - 1
  await runDurableObjectAlarm(user)
  expect(await rowsOf(user)).toHaveLength(3)
  clock.nowMs += DAY_MS
  expect(await runDurableObjectAlarm(user)).toBe(true)
  expect(await rowsOf(user)).toMatchObject([{ seq: 6 }])
  expect(await runDurableObjectAlarm(user)).toBe(false)
  await user.beginCall(intent({ key: null }))
  expect(await rowsOf(user)).toMatchObject([{ seq: 6 }, { seq: 7 }])
})

test('rows of the first release are taken over', async () => {
  const user = await userWith('before')
  await runInDurableObject(user, (_object, { storage }) =>
    storage.sql.exec(`CREATE TABLE calls (id TEXT PRIMARY KEY, grant_id TEXT NOT NULL, client TEXT NOT NULL,
        transport TEXT NOT NULL, tool TEXT NOT NULL, arguments_digest TEXT NOT NULL, began_at_ms INTEGER NOT NULL,
        outcome TEXT, ended_at_ms INTEGER) STRICT;
      INSERT INTO calls VALUES ('a', 'g0', 'c', 'stateless', 'listTodos', 'd', ${clock.nowMs - DAY_MS}, 'done', 2);
      INSERT INTO calls VALUES ('b', 'g0', 'c', 'session', 'addTodo', 'd', ${clock.nowMs - DAY_MS}, NULL, NULL)`),
  )
  await userWith('before', 'g1')
  await begin(user)
  expect(await rowsOf(user)).toMatchObject([
    { seq: 1, id: 'a', effect: 'read', outcome: 'done' },
    { seq: 3, id: 'b', effect: 'write', outcome: 'unknown' },
    { seq: 4, outcome: null },
  ])
})

test('rows of the second release stay as they are, and can be read before a call adds the column', async () => {
  const user = await userWith('second')
  await runInDurableObject(user, (_object, { storage }) => {
    storage.sql
      .exec(`CREATE TABLE calls (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, grant_id TEXT NOT NULL,
        client TEXT NOT NULL, transport TEXT NOT NULL, tool TEXT NOT NULL, effect TEXT NOT NULL,
        arguments_digest TEXT NOT NULL, key_hash TEXT, key_ends_at_ms INTEGER, began_at_ms INTEGER NOT NULL,
        ended_at_ms INTEGER, outcome TEXT, result TEXT) STRICT;
      INSERT INTO calls VALUES (7, 'a', 'g0', 'c', 'stateless', 'addTodo', 'write', 'd', NULL, NULL,
        ${clock.nowMs - LOST_AFTER_MS}, NULL, NULL, NULL)`)
    storage.kv.put('calls-schema', 2)
  })
  await runInDurableObject(user, (object) => object.alarm())
  const outcomes = await runInDurableObject(user, (_object, { storage }) => [
    storage.sql.exec('SELECT outcome FROM calls').toArray(),
    storage.sql.exec("SELECT name FROM pragma_table_info('calls') WHERE name = 'client_trace'").toArray(),
  ])
  expect(outcomes).toEqual([[{ outcome: 'unknown' }], []])
  await userWith('second', 'g1')
  const clientTrace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  await begin(user, { clientTrace })
  expect(await rowsOf(user)).toMatchObject([
    { seq: 8, id: 'a', outcome: 'unknown', client_trace: null },
    { seq: 9, outcome: null, client_trace: clientTrace },
  ])
})

test('a User that nobody signed in to writes nothing when it is asked or woken', async () => {
  const user = await userWith('stranger')
  expect(await begin(user)).toEqual({ verdict: 'ended' })
  await runInDurableObject(user, (object) => object.alarm())
  expect(
    await runInDurableObject(user, async (_object, { storage }) => [
      await storage.list(),
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
    ]),
  ).toEqual([new Map(), []])
})
