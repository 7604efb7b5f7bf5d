import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { beforeEach, expect, test } from 'vitest'
import { nameInDirectory, usernameInDirectory } from '#users/audit/directory-names.ts'
import { decrypt } from '#users/base/encryption.ts'
import { OPERATOR_SESSIONS } from '#users/bounds.ts'
import { OPERATOR_SECONDS } from '#users/operators/operator-table.ts'
import { block, erase, unblock } from '../acts.ts'
import { eventsOf, newOperator, newUser, pass, seconds, signIn, typesOf, type User } from './operator.ts'
import { pingone } from './pingone.ts'
import { newGrant } from './story.ts'
import { auditStore, clock, operator } from './worker.ts'

beforeEach(() => {
  pingone.reset()
  operator.sets()
  auditStore.isDown = false
  clock.aheadMs = 0
})

const keysOf = (user: User, prefix = '') =>
  runInDurableObject(user, (_object, { storage }) => Array.from(storage.kv.list({ prefix }), ([key]) => key))

const nameInD1 = async (name: string) => {
  const stored = auditStore.directory.get(name)?.name ?? null
  return stored === null ? null : await decrypt(operator.config.rootKeys, nameInDirectory(name), stored)
}

const namesInD1 = async (user: string) => {
  const { name, username } = auditStore.directory.get(user) ?? {}
  const { rootKeys } = operator.config
  const opened = [
    await decrypt(rootKeys, nameInDirectory(user), name ?? ''),
    await decrypt(rootKeys, usernameInDirectory(user), username ?? ''),
  ]
  return opened.map((text) => (text.ok ? text.value : null))
}

test('a session of an operator ends 15 minutes after the sign-in, however much it is used', async () => {
  const { user, opened } = await newOperator()
  expect(opened).toBe('done')
  const endsAtSeconds = seconds() + OPERATOR_SECONDS
  for (let minute = 0; minute < 15; minute += 1) {
    const session = await user.readOperator('session')
    if (typeof session === 'string') throw new Error(session)
    expect(session).toMatchObject({ roles: ['viewer', 'operator', 'auditor'], userName: 'Grace' })
    expect(Math.abs(session.endsAtSeconds - endsAtSeconds)).toBeLessThanOrEqual(1)
    pass(60)
  }
  pass(1)
  expect(await user.readOperator('session')).toBe('over')
})

test('a sign-in at PingOne that is older than the session shortens it', async () => {
  const { user } = await newOperator({ authenticatedAtSeconds: seconds() - 14 * 60 })
  expect(await user.readOperator('session')).toMatchObject({ userName: 'Grace' })
  pass(61)
  expect(await user.readOperator('session')).toBe('over')
})

test('what nobody opened is over, and looking for it stores nothing', async () => {
  const { user, api, name } = await newUser()
  expect(await user.readOperator('session')).toBe('over')
  await user.closeOperator('session')
  expect(await api.protectReason('why')).toBeNull()
  expect(await api.protectOwnReason('why')).toEqual({ cut: ['reason'] })
  expect(await user.describeForOperator()).toEqual({ isBlocked: false, grants: [] })
  expect(await api.reveal('v1.AAAAAAAAAAAAAAAA.AAAA')).toEqual({ ok: false, error: 'unreadable' })
  expect(await keysOf(user)).toEqual([])
  const tables = await runInDurableObject(user, (_object, { storage }) =>
    storage.sql.exec("SELECT name FROM sqlite_master WHERE name IN ('outbox', 'calls')").toArray(),
  )
  expect(tables).toEqual([])
  expect(await typesOf({ user, name })).toEqual([])
})

test('a sign-in that comes twice opens one session and is one event, with roles and network', async () => {
  const { user, name } = await newOperator()
  expect(await user.openOperator('session', signIn())).toBe('done')
  await user.closeOperator('session')
  await user.closeOperator('session')
  expect(await user.readOperator('session')).toBe('over')
  const events = await eventsOf({ user, name })
  expect(events.map(({ type }) => type)).toEqual([
    'chain.opened',
    'operator.signed-in',
    'operator.signed-out',
  ])
  expect(events[1]).toMatchObject({
    user: name,
    roles: ['viewer', 'operator', 'auditor'],
    network: '192.0.2.0/24',
    agent: 'node',
  })
})

test('an operator has a few sessions at most, and the oldest goes', async () => {
  const { user } = await newOperator()
  for (let count = 1; count <= OPERATOR_SESSIONS; count += 1) {
    pass(1)
    await user.openOperator(`session-${count}`, signIn())
  }
  expect(await keysOf(user, 'operator:')).toHaveLength(OPERATOR_SESSIONS)
  expect(await user.readOperator('session')).toBe('over')
  expect(await user.readOperator('session-1')).toMatchObject({ userName: 'Grace' })
})

test('a blocked operator has no session from that moment on, gets none, and finds none again afterwards', async () => {
  const { user } = await newOperator()
  await block(user)
  expect(await user.readOperator('session')).toBe('blocked')
  expect(await user.openOperator('another', signIn())).toBe('blocked')
  await unblock(user)
  expect(await user.readOperator('session')).toBe('over')
  expect(await user.readOperator('another')).toBe('over')
})

test('sessions outlive the memory of their object, and nothing of them outlives its time', async () => {
  const { user } = await newOperator()
  await evictDurableObject(user)
  expect(await user.readOperator('session')).toMatchObject({ userName: 'Grace' })
  expect(await keysOf(user, 'operator:')).toHaveLength(1)
  for (let wakes = 0; wakes < 3; wakes += 1) {
    pass(OPERATOR_SECONDS)
    await runDurableObjectAlarm(user)
  }
  expect(await keysOf(user, 'operator:')).toEqual([])
})

test('the directory has the name of an operator without a grant, also after the session', async () => {
  const { user, name } = await newOperator()
  auditStore.isDown = true
  await runDurableObjectAlarm(user)
  await user.closeOperator('session')
  auditStore.isDown = false
  pass(600)
  await runDurableObjectAlarm(user)
  expect(await namesInD1(name)).toEqual(['Grace', 'grace'])
  await user.openGrant(await newGrant({ userName: 'Grace Hopper', preferredUsername: 'hopper' }))
  pass(3)
  await runDurableObjectAlarm(user)
  expect(await namesInD1(name)).toEqual(['Grace Hopper', 'hopper'])
  // PingOne left it out at this login: the operator's is kept.
  clock.aheadMs += 1000
  await user.openGrant(await newGrant({ id: 'g2', userName: 'Grace Hopper', preferredUsername: null }))
  pass(3)
  await runDurableObjectAlarm(user)
  expect(await namesInD1(name)).toEqual(['Grace Hopper', 'grace'])
})

test('an erased operator has no session, no name and no key, and an earlier sign-in brings none back', async () => {
  const { user, api, name } = await newOperator()
  const late = signIn()
  const kept = await api.protectOwnReason('why')
  expect(kept.personal).toEqual(expect.stringMatching(/^v1\./))
  expect(await api.reveal(kept.personal ?? '')).toEqual({ ok: true, value: { reason: 'why' } })
  await eventsOf({ user, name })
  expect(await nameInD1(name)).toEqual({ ok: true, value: 'Grace' })
  await erase(user)
  expect(await user.readOperator('session')).toBe('over')
  expect(await user.openOperator('late', late)).toBe('blocked')
  expect(await api.protectReason('why')).toBeNull()
  expect(await api.protectOwnReason('why')).toEqual({ cut: ['reason'] })
  expect(await api.reveal(kept.personal ?? '')).toEqual({ ok: false, error: 'unreadable' })
  for (const prefix of ['operator', 'audit-key']) expect(await keysOf(user, prefix)).toEqual([])
  pass(70)
  await runDurableObjectAlarm(user)
  expect(auditStore.directory.has(name)).toBe(false)
  expect(await typesOf({ user, name })).toEqual(['chain.opened', 'operator.signed-in', 'user.erased'])
  // A new sign-in is a new beginning, with another key.
  expect(await user.openOperator('new', signIn())).toBe('done')
  expect((await api.reveal(kept.personal ?? '')).ok).toBe(false)
})

test('a reason is nowhere in clear in the storage', async () => {
  const { user, api } = await newOperator({ userName: null })
  await api.protectOwnReason('because of the breach')
  const stored = await runInDurableObject(user, (_object, { storage }) =>
    JSON.stringify([Array.from(storage.kv.list()), storage.sql.exec('SELECT body FROM outbox').toArray()]),
  )
  expect(stored).toContain('operator.signed-in')
  expect(stored).not.toContain('because of the breach')
})
