import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import { AuditEvent, operations, type Operation } from '#events/event.ts'
import { type Role, roles } from '#lib/roles.ts'
import { loggedEvent } from '#users/audit/event-body.ts'
import { MOST_ACTS, MOST_RESERVED, MOST_WAITING } from '#users/bounds.ts'
import type { EndedAct, NewAct } from '#users/operators/operator-api.ts'
import { FRESH_ACT_SECONDS } from '#users/operators/operator-service.ts'
import { block, unblock } from '../acts.ts'
import {
  eventsOf,
  newAct,
  newOperator,
  newUser,
  pass,
  seconds,
  signIn,
  typesOf,
  type User,
  userAct,
} from './operator.ts'
import { pingone } from './pingone.ts'
import { fill, newGrant } from './story.ts'
import { auditStore, clock } from './worker.ts'

// An act is on record before it takes effect (invariant 13): in the operator's object, by the RPC that allows it.

beforeEach(() => {
  pingone.reset()
  auditStore.isDown = false
  clock.aheadMs = 0
})

const endOf = ({ act, operation }: NewAct, change: Partial<EndedAct> = {}): EndedAct => ({
  act,
  operation,
  outcome: 'done',
  affected: { users: 1, grants: 2 },
  ...change,
})

/** Without what the sign-in leaves. */
const actsOf = async (who: { user: User; name: string }) =>
  (await eventsOf(who)).filter(({ type }) => type === 'operator.began' || type === 'operator.ended')

const isAuditors = (operation: Operation): boolean =>
  ['audit-session', 'reveal', 'export'].includes(operation)

test('an act is on record when its object answers, and its end with what it changed', async () => {
  const { user, name } = await newOperator()
  const act = newAct({ subject: 'a-grant', operation: 'end-grant' })
  expect(await user.beginAct('session', act)).toBe('recorded')
  await evictDurableObject(user)
  await user.endAct(endOf(act, { affected: { users: 1, grants: 1 } }))
  expect(await actsOf({ user, name })).toMatchObject([
    { ...act, type: 'operator.began', user: name },
    {
      type: 'operator.ended',
      act: act.act,
      operation: 'end-grant',
      outcome: 'done',
      affected: { users: 1, grants: 1 },
    },
  ])
})

test('each operation needs its role, and those that change access a sign-in of the last 5 minutes', async () => {
  const given = fc.record({
    operation: fc.constantFrom(...operations),
    has: fc.subarray([...roles]),
    // Seconds may pass within the test: it stays away from the limit itself.
    ageSeconds: fc.oneof(
      fc.integer({ min: 0, max: FRESH_ACT_SECONDS - 10 }),
      fc.integer({ min: FRESH_ACT_SECONDS + 1, max: 14 * 60 }),
    ),
  })
  await fc.assert(
    fc.asyncProperty(given, async ({ operation, has, ageSeconds }) => {
      const { user, name } = await newOperator({ roles: has, authenticatedAtSeconds: seconds() })
      pass(ageSeconds)
      const isEditors = operation.startsWith('policy-')
      const needed: Role = isAuditors(operation) ? 'auditor' : isEditors ? 'policy-editor' : 'operator'
      const isStale = !isAuditors(operation) && ageSeconds > FRESH_ACT_SECONDS
      const expected = !has.includes(needed) ? 'role' : isStale ? 'stale' : 'recorded'
      expect(await user.beginAct('session', newAct({ operation }))).toBe(expected)
      expect(await actsOf({ user, name })).toHaveLength(expected === 'recorded' ? 1 : 0)
    }),
    { numRuns: 60 },
  )
})

test('an act at the limit of 5 minutes', async () => {
  const { user } = await newOperator({ authenticatedAtSeconds: seconds() - FRESH_ACT_SECONDS + 5 })
  expect(await user.beginAct('session', newAct())).toBe('recorded')
  pass(10)
  expect(await user.beginAct('session', newAct())).toBe('stale')
  expect(await user.beginAct('session', newAct({ operation: 'reveal' }))).toBe('recorded')
})

test('without a session no act begins, and nothing is recorded', async () => {
  const { user, name } = await newOperator()
  expect(await user.beginAct('made-up', newAct())).toBe('over')
  await user.closeOperator('session')
  expect(await user.beginAct('session', newAct())).toBe('over')
  await block(user)
  expect(await user.beginAct('session', newAct())).toBe('blocked')
  await unblock(user)
  expect(await user.beginAct('session', newAct())).toBe('over')
  expect(await actsOf({ user, name })).toEqual([])
  const stranger = await newUser()
  await stranger.user.endAct(endOf(newAct()))
  expect(await stranger.user.beginAct('session', newAct())).toBe('over')
  const stored = await runInDurableObject(stranger.user, (_object, { storage }) => [...storage.kv.list()])
  expect(stored).toEqual([])
})

test('a message about an act that comes twice is one event', async () => {
  const { user, name } = await newOperator()
  const act = newAct()
  for (let time = 0; time < 2; time += 1) {
    // A retry has another ciphertext if the caller protected the reason again.
    const again = { ...act, reason: { plain: { reason: `${time}` } } }
    expect(await user.beginAct('session', again)).toBe('recorded')
    await evictDurableObject(user)
  }
  for (let time = 0; time < 2; time += 1) {
    await user.endAct(endOf(act))
    await evictDurableObject(user)
  }
  expect((await actsOf({ user, name })).map(({ type }) => type)).toEqual(['operator.began', 'operator.ended'])
})

test('an act that is tried again after it failed is on record again', async () => {
  const { user, name } = await newOperator()
  const act = newAct({ operation: 'end-client', subject: 'client' })
  for (const outcome of ['failed', 'done'] as const) {
    await user.beginAct('session', act)
    await user.endAct(endOf(act, { outcome }))
  }
  const events = await actsOf({ user, name })
  expect(events.map((event) => ('outcome' in event ? event.outcome : event.type))).toEqual([
    'operator.began',
    'failed',
    'operator.began',
    'done',
  ])
})

test('an act is done on record although the failure of an earlier try comes late', async () => {
  const { user, name } = await newOperator()
  const act = newAct({ operation: 'end-client', subject: 'client' })
  // The second try begins before the failure of the first one is stored.
  for (let time = 0; time < 2; time += 1) await user.beginAct('session', act)
  for (const outcome of ['failed', 'failed', 'done', 'failed', 'done'] as const)
    await user.endAct(endOf(act, { outcome }))
  const events = await actsOf({ user, name })
  expect(events.map((event) => ('outcome' in event ? event.outcome : event.type))).toEqual([
    'operator.began',
    'failed',
    'done',
  ])
})

test('the id of an act stands for no other act', async () => {
  const { user, name } = await newOperator()
  const act = newAct()
  const others = [act, { ...act, about: 'a-third-user' }, { ...act, operation: 'reveal' as const }]
  for (const other of [...others, { ...act, subject: 'a-grant' }])
    expect(await user.beginAct('session', other)).toBe('recorded')
  expect(await actsOf({ user, name })).toHaveLength(4)
})

test('of two acts at once, of which one closes the session, both are on record or refused', async () => {
  const { user, name } = await newOperator()
  const answers = await Promise.all([
    user.beginAct('session', newAct()),
    user.closeOperator('session'),
    user.beginAct('session', newAct()),
    user.beginAct('session', newAct()),
  ])
  const recorded = answers.filter((answer) => answer === 'recorded')
  expect(answers.filter((answer) => answer === 'over')).toHaveLength(3 - recorded.length)
  expect(await actsOf({ user, name })).toHaveLength(recorded.length)
})

test('an operator who is blocked in the middle of an act begins no other, and the act keeps its end', async () => {
  const { user, name } = await newOperator()
  const act = newAct()
  await user.beginAct('session', act)
  await block(user)
  expect(await user.beginAct('session', act)).toBe('blocked')
  await user.endAct(endOf(act))
  expect((await typesOf({ user, name })).slice(2)).toEqual([
    'operator.began',
    'user.blocked',
    'operator.ended',
  ])
})

test.each(['block-user', 'erase-user'] as const)(
  'an operator who does %s to themself leaves the record and nothing that is open',
  async (operation) => {
    const { user, name } = await newOperator()
    await user.openGrant(await newGrant())
    await user.openOperator('second', signIn())
    const act = newAct({ operation, about: name })
    expect(await user.beginAct('session', act)).toBe('recorded')
    const applied = await user.applyAct(userAct({ act: act.act, operation }))
    expect(applied).toEqual({ grants: 1 })
    await user.endAct(endOf(act, { affected: { users: 1, ...applied } }))
    const denial = operation === 'block-user' ? 'blocked' : 'over'
    for (const session of ['session', 'second']) expect(await user.readOperator(session)).toBe(denial)
    const events = (await eventsOf({ user, name })).slice(3)
    expect(events.filter(({ type }) => type !== 'operator.signed-in')).toMatchObject(
      operation === 'block-user'
        ? [
            { type: 'operator.began' },
            { type: 'user.blocked', act: act.act },
            { type: 'grant.ended', act: act.act },
            { type: 'operator.ended', affected: { users: 1, grants: 1 } },
          ]
        : [
            { type: 'operator.began' },
            { type: 'grant.ended', act: act.act },
            { type: 'user.erased', act: act.act },
            { type: 'operator.ended', affected: { users: 1, grants: 1 } },
          ],
    )
    const row = await runInDurableObject(user, (_object, { storage }) => [
      ...storage.kv.list({ prefix: 'operator' }),
    ])
    expect(row.map(([key]) => key)).toEqual(
      operation === 'block-user' ? ['operator-name', 'operator-username'] : [],
    )
  },
)

test('a full outbox refuses no act', async () => {
  const { user, name } = await newOperator()
  auditStore.isDown = true
  await fill(user, 'reserved', MOST_RESERVED)
  await fill(user, 'common', MOST_WAITING)
  // What it has counted in memory is lost.
  await evictDurableObject(user)
  expect(await user.openOperator('another', signIn())).toBe('done')
  const act = newAct()
  expect(await user.beginAct('another', act)).toBe('recorded')
  await user.endAct(endOf(act))
  await user.closeOperator('another')
  auditStore.isDown = false
  const events = (await eventsOf({ user, name })).slice(2)
  expect(events.map(({ type }) => type).filter((type) => type !== 'user.unblocked')).toEqual([
    'operator.signed-in',
    'operator.began',
    'operator.ended',
    'operator.signed-out',
  ])
})

test('acts are remembered for an hour, up to a bound', async () => {
  const { user } = await newOperator()
  const remembered = () =>
    runInDurableObject(user, (_object, { storage }) => [...storage.kv.list({ prefix: 'act:' })].length)
  for (let count = 0; count < MOST_ACTS + 5; count += 1) await user.beginAct('session', newAct())
  expect(await remembered()).toBe(MOST_ACTS)
  for (let wakes = 0; wakes < 5; wakes += 1) {
    pass(1000)
    await runDurableObjectAlarm(user)
  }
  expect(await remembered()).toBe(0)
})

test('the log has an act without its reason', async () => {
  const { user, api, name } = await newOperator()
  await user.beginAct('session', newAct({ reason: await api.protectOwnReason('because of a breach') }))
  const [began] = await actsOf({ user, name })
  if (began?.type !== 'operator.began') throw new Error('no act')
  expect(began.reason).toEqual({ personal: expect.stringMatching(/^v1\./) })
  expect(loggedEvent(AuditEvent.parse(began))).toEqual({ ...began, reason: {} })
})
