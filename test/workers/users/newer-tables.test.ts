import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { beforeEach, expect, test } from 'vitest'
import { eventsOf, newUser, type User } from './operator.ts'
import { pingone } from './pingone.ts'
import { intent, newGrant } from './story.ts'
import { auditStore, clock } from './worker.ts'

// What a newer release leaves in a user's object, opened by the release before it: a rollback.

beforeEach(() => {
  pingone.reset()
  auditStore.isDown = false
  clock.aheadMs = 0
})

/** As a newer release does at its first use of an object: it adds columns, and counts the version of the table up. */
const upgradeTables = (user: User) =>
  runInDurableObject(user, (_user, { storage }) => {
    for (const [table, key] of [
      ['calls', 'calls-schema'],
      ['outbox', 'outbox-schema'],
    ] as const) {
      storage.sql.exec(`ALTER TABLE ${table} ADD COLUMN later TEXT`)
      storage.sql.exec(`ALTER TABLE ${table} ADD COLUMN later_count INTEGER NOT NULL DEFAULT 0`)
      storage.kv.put(key, (storage.kv.get<number>(key) ?? 0) + 1)
    }
  })

/** As a newer release does that stores one field more. */
const widenGrants = (user: User) =>
  runInDurableObject(user, (_user, { storage }) => {
    for (const [key, row] of Array.from(storage.kv.list({ prefix: 'grant:' })))
      if (typeof row === 'object' && row !== null) storage.kv.put(key, { ...row, later: 'text' })
  })

test('tables that a newer release has widened keep their calls, keys and events under this release', async () => {
  const { user, name } = await newUser()
  await user.openGrant(await newGrant())
  const write = intent({ tool: 'addTodo', effect: 'write', key: { hash: 'the-key' } })
  expect((await user.beginCall(write)).verdict).toBe('go')
  await user.endCall(write.transaction, 'done', 'the result')
  await upgradeTables(user)
  await widenGrants(user)
  await evictDurableObject(user)

  // With its row dropped, the same write would run a second time.
  const again = await user.beginCall({ ...write, transaction: crypto.randomUUID() })
  expect(again).toMatchObject({ verdict: 'repeat', result: 'the result' })
  const next = intent()
  expect((await user.beginCall(next)).verdict).toBe('go')
  await user.endCall(next.transaction, 'done', null)
  const types = (await eventsOf({ user, name })).map(({ type }) => type)
  expect(types.toSorted()).toEqual(['call', 'call', 'call.denied', 'chain.opened', 'grant.opened'])
})
