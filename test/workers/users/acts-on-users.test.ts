import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import { MOST_RESERVED, MOST_WAITING } from '#users/bounds.ts'
import type { UserAct } from '#users/operators/operator-api.ts'
import { block, erase, unblock } from '../acts.ts'
import { eventsOf, newOperator, newUser, pass, seconds, signIn, type User, userAct } from './operator.ts'
import { pingone } from './pingone.ts'
import { fill, intent, newGrant, userWithGrant } from './story.ts'
import { auditStore, clock } from './worker.ts'

beforeEach(() => {
  pingone.reset()
  auditStore.isDown = false
  clock.aheadMs = 0
})

/** A new user with a grant of each of these clients. */
async function newHolder(clients: readonly string[] = ['client']) {
  const created = await newUser()
  for (const [at, client] of clients.entries())
    await created.user.openGrant(await newGrant({ id: `grant-${at}`, client }))
  return created
}

const liveOf = async (user: User) =>
  (await user.listGrants()).filter(({ ended }) => ended === null).map(({ id }) => id)

/** The events that an operator's act left. */
const actsOf = async (who: { user: User; name: string }) =>
  (await eventsOf(who)).filter((event) => 'act' in event)

test('an act ends one grant, or those of a client, or all, and says how many, also if it comes twice', async () => {
  const { user, name } = await newHolder(['a', 'a', 'b', 'c', 'c'])
  const beforeSeconds = seconds() + 60
  const acts = [
    [userAct({ operation: 'end-grant', grant: 'grant-0' }), 1],
    [userAct({ operation: 'end-grant', grant: 'unknown' }), 0],
    [userAct({ operation: 'end-client', client: 'a', beforeSeconds }), 1],
    [userAct({ operation: 'block-client', client: 'b', beforeSeconds }), 1],
    [userAct({ operation: 'end-client', client: 'unknown', beforeSeconds }), 0],
    [userAct({ operation: 'end-user' }), 2],
    [userAct({ operation: 'end-user' }), 0],
  ] as const
  for (const [act, grants] of acts) {
    expect(await user.applyAct(act)).toEqual({ grants })
    await evictDurableObject(user)
    expect(await user.applyAct(act)).toEqual({ grants })
  }
  const ended = (await actsOf({ user, name })).map((event) =>
    event.type === 'grant.ended' ? [event.grant, event.reason, event.by, event.act] : event,
  )
  const by = (at: number) => ['ended_by_operator', 'operator', acts[at]?.[0].act]
  expect(ended).toEqual([
    ['grant-0', ...by(0)],
    ['grant-1', ...by(2)],
    ['grant-2', ...by(3)],
    ['grant-3', ...by(5)],
    ['grant-4', ...by(5)],
  ])
})

test('an act on a client spares the grants that were opened from its time on', async () => {
  const { user } = await newHolder(['client'])
  pass(10)
  const beforeSeconds = seconds()
  await user.openGrant(await newGrant({ id: 'later' }))
  expect(await user.applyAct(userAct({ operation: 'end-client', client: 'client', beforeSeconds }))).toEqual({
    grants: 1,
  })
  expect(await liveOf(user)).toEqual(['later'])
})

test('blocking, unblocking and erasing name operator and act, and count the grants', async () => {
  const { user, name } = await newHolder(['a', 'b'])
  await user.openOperator('session', signIn())
  const [blocking, again] = [userAct({ operation: 'block-user' }), userAct({ operation: 'block-user' })]
  for (const [act, grants] of [
    [blocking, 2],
    [blocking, 2],
    [again, 0],
  ] as const)
    expect(await user.applyAct(act)).toEqual({ grants })
  expect(await user.describeForOperator()).toMatchObject({ isBlocked: true })
  expect(await user.readOperator('session')).toBe('blocked')
  const unblocking = userAct({ operation: 'unblock-user' })
  for (let time = 0; time < 2; time += 1) expect(await user.applyAct(unblocking)).toEqual({ grants: 0 })
  expect(await user.describeForOperator()).toMatchObject({ isBlocked: false })
  await user.openGrant(await newGrant({ id: 'new' }))
  const erasing = userAct({ operation: 'erase-user' })
  for (let time = 0; time < 2; time += 1) expect(await user.applyAct(erasing)).toEqual({ grants: 1 })
  const by = 'an-operator'
  expect(await actsOf({ user, name })).toMatchObject([
    { type: 'user.blocked', by, act: blocking.act },
    { type: 'grant.ended', reason: 'blocked', by: 'operator', act: blocking.act },
    { type: 'grant.ended', reason: 'blocked', by: 'operator', act: blocking.act },
    { type: 'user.unblocked', by, act: unblocking.act },
    { type: 'grant.ended', reason: 'ended_by_operator', by: 'operator', act: erasing.act },
    { type: 'user.erased', by, act: erasing.act },
  ])
})

test('what ends without an operator has no act', async () => {
  const { user, name } = await newHolder(['a', 'b'])
  await user.endGrant('grant-0', 'ended_by_user')
  expect(await user.applyAct(userAct({ operation: 'end-grant', grant: 'grant-0' }))).toEqual({ grants: 0 })
  expect(await actsOf({ user, name })).toEqual([])
})

test('an operator sees grants and block of a user, also of one without any', async () => {
  const { user } = await newHolder(['a'])
  await user.endGrant('grant-0', 'ended_by_user')
  const described = await user.describeForOperator()
  expect(described).toMatchObject({
    isBlocked: false,
    grants: [{ id: 'grant-0', client: 'a', operator: null, ended: { reason: 'ended_by_user' } }],
  })
  expect(JSON.stringify(described)).not.toContain('encrypted')
  const other = await newOperator()
  expect(await other.user.describeForOperator()).toEqual({ isBlocked: false, grants: [] })
})

test('a reason is under the key of the user, and nobody reads it after an erasure', async () => {
  const { user, api } = await newHolder()
  const kept = await api.protectReason('a leaked laptop')
  expect(kept).toEqual({ personal: expect.stringMatching(/^v1\./) })
  const personal = kept?.personal ?? ''
  expect(await api.reveal(personal)).toEqual({ ok: true, value: { reason: 'a leaked laptop' } })
  expect(await api.reveal('v1.not-one')).toEqual({ ok: false, error: 'broken' })
  const other = await newOperator()
  expect(await other.api.reveal(personal)).toEqual({ ok: false, error: 'broken' })
  await erase(user)
  expect(await api.reveal(personal)).toEqual({ ok: false, error: 'unreadable' })
  expect(await api.protectReason('why')).toBeNull()
  // The reason of somebody else's act makes no key.
  expect(await api.reveal(personal)).toEqual({ ok: false, error: 'unreadable' })
  await user.openGrant(await newGrant({ id: 'new' }))
  expect(await api.reveal(personal)).toEqual({ ok: false, error: 'broken' })
})

test('a reason that is protected while the user is erased is not under a key that opens', async () => {
  const { user, api } = await newHolder()
  for (let time = 0; time < 20; time += 1) {
    await user.openGrant(await newGrant({ id: `again-${time}` }))
    const [kept] = await Promise.all([api.protectReason('why'), erase(user)])
    expect((await api.reveal(kept?.personal ?? '')).ok).toBe(false)
  }
  const keys = await runInDurableObject(user, (_object, { storage }) => [
    ...storage.kv.list({ prefix: 'audit-key' }),
  ])
  expect(keys).toEqual([])
})

test('a full outbox refuses no act on a user', async () => {
  const { user, name } = await newHolder(['a', 'b'])
  auditStore.isDown = true
  await fill(user, 'reserved', MOST_RESERVED)
  await fill(user, 'common', MOST_WAITING)
  await evictDurableObject(user)
  expect(await user.applyAct(userAct({ operation: 'end-grant', grant: 'grant-0' }))).toEqual({ grants: 1 })
  expect(await user.applyAct(userAct({ operation: 'block-user' }))).toEqual({ grants: 1 })
  await user.applyAct(userAct({ operation: 'erase-user' }))
  auditStore.isDown = false
  expect((await actsOf({ user, name })).map(({ type }) => type)).toEqual([
    'grant.ended',
    'user.blocked',
    'grant.ended',
    'user.erased',
  ])
})

test('a grant has the roles of its login, and those of its last step-up', async () => {
  const [atLogin, later] = [seconds() - 3600, seconds()]
  const { user, openId, approval } = await userWithGrant({
    operator: { roles: ['viewer', 'auditor'], authenticatedAtSeconds: atLogin },
  })
  const roles = async () => (await user.describeForOperator()).grants.map(({ operator }) => operator)
  expect(await roles()).toEqual([{ roles: ['viewer', 'auditor'], authenticatedAtSeconds: atLogin }])
  const operator = { roles: ['viewer' as const], authenticatedAtSeconds: later }
  expect(await user.approveStepUp(await openId(), await approval({ operator }))).toBe('widened')
  // Only a step-up for audit:read renews the time.
  expect(await roles()).toEqual([{ ...operator, authenticatedAtSeconds: atLogin }])
})

test('a step-up whose sign-in gives no role takes the roles of the grant away', async () => {
  const { user, openId, approval } = await userWithGrant({
    operator: { roles: ['auditor'], authenticatedAtSeconds: seconds() },
  })
  expect(await user.approveStepUp(await openId(), await approval())).toBe('widened')
  expect((await user.describeForOperator()).grants).toMatchObject([{ operator: null }])
})

test('a user of the release before has no roles, and their ended grants no act', async () => {
  const { user, name } = await newHolder(['a', 'b'])
  await user.endGrant('grant-0', 'ended_by_user')
  await runInDurableObject(user, (_object, { storage }) => {
    const rows = Array.from(storage.kv.list({ prefix: 'grant:' }))
    for (const [key, row] of rows) {
      const old: Record<string, unknown> = typeof row === 'object' && row !== null ? { ...row } : {}
      expect(old['operator']).toBeNull()
      delete old['operator']
      storage.kv.put(key, old)
    }
  })
  await evictDurableObject(user)
  expect((await user.describeForOperator()).grants).toMatchObject([
    { operator: null, ended: { reason: 'ended_by_user' } },
    { operator: null, ended: null },
  ])
  expect(await user.beginCall(intent({ grant: 'grant-1', client: 'b' }))).toMatchObject({ verdict: 'go' })
  expect(await user.applyAct(userAct({ operation: 'end-user' }))).toEqual({ grants: 1 })
  expect(await actsOf({ user, name })).toHaveLength(1)
})

test('acts, logins and sign-ins in any order: each grant ends once, by the act that counts it', async () => {
  const step = fc.oneof(
    fc.constantFrom('open', 'sign-in', 'call'),
    fc.constantFrom('end-grant', 'end-client', 'end-user', 'block-user', 'unblock-user', 'erase-user'),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (story) => {
      pingone.reset()
      const { user, name } = await newHolder(['a', 'a', 'b'])
      const counts = new Map<string, number>()
      const apply = async (act: UserAct) => {
        const first = await user.applyAct(act)
        const second = await user.applyAct(act)
        expect(second.grants).toBeGreaterThanOrEqual(first.grants)
        counts.set(act.act, second.grants)
      }
      const run = async (what: (typeof story)[number], at: number): Promise<unknown> => {
        if (what === 'open') return user.openGrant(await newGrant({ id: `later-${at}` }))
        if (what === 'sign-in') return user.openOperator(`session-${at}`, signIn())
        if (what === 'call') return user.beginCall(intent({ grant: 'grant-0', client: 'a' }))
        if (what === 'end-grant') return apply(userAct({ operation: what, grant: 'grant-1' }))
        if (what === 'end-client')
          return apply(userAct({ operation: what, client: 'a', beforeSeconds: seconds() + 60 }))
        return apply(userAct({ operation: what }))
      }
      await Promise.all(story.map(run))
      await block(user)
      await unblock(user)
      await runDurableObjectAlarm(user)
      expect(pingone.live).toEqual(new Set())
      const ended = (await eventsOf({ user, name })).filter((event) => event.type === 'grant.ended')
      expect(new Set(ended.map(({ grant }) => grant)).size).toBe(ended.length)
      for (const [act, count] of counts)
        expect(ended.filter((event) => event.act === act)).toHaveLength(count)
    }),
    { numRuns: 25, endOnFailure: true },
  )
})
