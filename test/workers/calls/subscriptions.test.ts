import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { beforeEach, expect, test, vi } from 'vitest'
import { LOST_AFTER_MS } from '#users/calls/call-rows.ts'
import type { CallOutcome } from '#users/calls/calls.ts'
import { grantKey, tokenKey } from '#users/grants/grant-records.ts'
import { begin, newGrant, userWith } from './story.ts'
import { clock, config, operator, sessionObjects } from './worker.ts'
import { present } from '../present.ts'

beforeEach(() => {
  Object.assign(sessionObjects, { areDown: false, until: Promise.resolve() })
  operator.config = config
  sessionObjects.news.length = 0
})

type User = Awaited<ReturnType<typeof userWith>>
const LIST = 'todo://list'

/** Unique per test: an alarm can deliver late, into another test. */
const sessionName = (user: User, session: string) => `${user.name ?? ''}/${session}`

async function listening(user: User, session: string, grant: string, ...uris: string[]): Promise<void> {
  await user.openSession(sessionName(user, session), grant, 'client-a')
  for (const uri of uris) expect(await user.subscribe(sessionName(user, session), grant, uri)).toBe('done')
}

async function call(user: User, effect: 'read' | 'write', outcome: CallOutcome, grant = 'g1'): Promise<void> {
  const start = await begin(user, { grant, effect, key: null })
  if (start.verdict !== 'go') throw new Error(start.verdict)
  await user.endCall(start.call, outcome, null)
}

/** A User starts to notify before it answers `endCall`, so no wait is needed. */
function updatesOf(user: User): string[][] {
  const prefix = sessionName(user, '')
  return sessionObjects.news.flatMap(([session, ...uris]) =>
    session.startsWith(prefix) ? [[session.slice(prefix.length), ...uris]] : [],
  )
}

const TOKEN = 'hash-of-the-token'
const HOUR_SECONDS = 3600

/** Redeems the code: the access token and the grant both expire in an hour. */
async function redeem(user: User, id: string): Promise<void> {
  const expiresAtSeconds = Math.floor(clock.nowMs / 1000) + HOUR_SECONDS
  const grant = { clientId: 'client-a' }
  const token = { expiresAt: expiresAtSeconds, audience: 'x', scope: ['todo:read'], grant }
  await user.commit(id, {
    before: '{"authCodeId":"the code"}',
    presented: 'the code',
    writes: [
      [grantKey(id), { value: JSON.stringify(grant), expiresAtSeconds }],
      [tokenKey(id, TOKEN), { value: JSON.stringify(token), expiresAtSeconds }],
    ],
    spent: null,
  })
}

const subscriptionsOf = (user: User) =>
  runInDurableObject(user, (_object, { storage }) =>
    [...storage.kv.list({ prefix: 'subscribed:' })].map(([, value]) => value),
  )

test('after a write that was done, or of which nobody knows, each session hears of all it subscribed to', async () => {
  const user = await userWith('tells', 'g1', 'g2')
  await listening(user, 'a', 'g1', LIST, 'todo://items/a')
  await listening(user, 'b', 'g2', LIST)
  await listening(user, 'silent', 'g2')
  for (const outcome of ['refused', 'failed'] as const) await call(user, 'write', outcome)
  for (const outcome of ['done', 'unknown'] as const) await call(user, 'read', outcome)
  expect(updatesOf(user)).toEqual([])
  // Subscriptions are stored, so they outlive the object's memory.
  await evictDurableObject(user)
  await call(user, 'write', 'done', 'g2')
  const all = [
    ['a', LIST, 'todo://items/a'],
    ['b', LIST],
  ]
  expect(updatesOf(user)).toEqual(all)
  await call(user, 'write', 'unknown')
  expect(updatesOf(user)).toEqual([...all, ...all])
})

test('a call that ends twice is told of once, and one whose end nobody told when it counts as unknown', async () => {
  const user = await userWith('lost', 'g1')
  await listening(user, 'a', 'g1', LIST)
  const start = await begin(user, { key: null })
  for (let twice = 0; twice < 2; twice += 1)
    await user.endCall(start.verdict === 'go' ? start.call : '', 'done', null)
  expect(updatesOf(user)).toEqual([['a', LIST]])
  await begin(user, { key: null })
  expect(updatesOf(user)).toHaveLength(1)
  clock.nowMs += LOST_AFTER_MS + 1000
  await begin(user)
  expect(updatesOf(user)).toHaveLength(2)
})

test('nobody hears a write of somebody else', async () => {
  const [ada, bob] = [await userWith('ada', 'g1'), await userWith('bob', 'g1')]
  await listening(ada, 'a', 'g1', LIST)
  await call(bob, 'write', 'done')
  expect(updatesOf(bob)).toEqual([])
})

test('what a session subscribed to ends with the session, and with its grant', async () => {
  const user = await userWith('ends', 'g1', 'g2')
  await listening(user, 'closed', 'g1', LIST)
  await listening(user, 'ended', 'g1', LIST)
  await listening(user, 'stays', 'g2', LIST)
  await user.closeSession(sessionName(user, 'closed'))
  expect(await subscriptionsOf(user)).toHaveLength(2)
  await user.endGrant('g1', 'revoked_by_client')
  expect(await subscriptionsOf(user)).toEqual([{ grant: 'g2', uris: [LIST] }])
  await call(user, 'write', 'done', 'g2')
  expect(updatesOf(user)).toEqual([['stays', LIST]])
  expect(await user.subscribe(sessionName(user, 'ended'), 'g1', LIST)).toBe('ended')
  expect(await user.subscribe(sessionName(user, 'closed'), 'g2', LIST)).toBe('closed')
})

test('a grant that takes the session over does not hear what the one before subscribed to', async () => {
  const user = await userWith('taken', 'g1', 'g2')
  await listening(user, 'a', 'g1', LIST)
  await redeem(user, 'g2')
  expect((await present(user, 'g2', TOKEN, sessionName(user, 'a'))).session).toBe('open')
  expect(await subscriptionsOf(user)).toEqual([])
  // Also a message of the earlier grant that was in flight.
  expect(await user.subscribe(sessionName(user, 'a'), 'g1', LIST)).toBe('closed')
  expect(await user.subscribe(sessionName(user, 'a'), 'g2', 'todo://items/new')).toBe('done')
  await user.unsubscribe(sessionName(user, 'a'), 'g1', 'todo://items/new')
  await call(user, 'write', 'done', 'g1')
  expect(updatesOf(user)).toEqual([['a', 'todo://items/new']])
})

test('a grant whose time is over hears nothing, even before anyone has said so', async () => {
  const user = await userWith('late', 'g1', 'g2')
  await redeem(user, 'g1')
  await listening(user, 'a', 'g1', LIST)
  clock.nowMs += (HOUR_SECONDS + 1) * 1000
  await call(user, 'write', 'done', 'g2')
  expect(updatesOf(user)).toEqual([])
})

test('a grant of another tenant than the settings name hears nothing, and again when they name it', async () => {
  const user = await userWith('moved', 'g1')
  await listening(user, 'a', 'g1', LIST)
  operator.config = { ...config, pingone: { ...config.pingone, clientId: 'another' } }
  await user.openGrant(newGrant('g2'))
  await call(user, 'write', 'done', 'g2')
  expect(updatesOf(user)).toEqual([])
  operator.config = config
  await call(user, 'write', 'done')
  expect(updatesOf(user)).toEqual([['a', LIST]])
})

test('writes that follow each other while a session is being told are told of once more, not once each', async () => {
  const user = await userWith('fast', 'g1')
  await listening(user, 'a', 'g1', LIST)
  const slow = Promise.withResolvers<void>()
  sessionObjects.until = slow.promise
  for (let count = 0; count < 5; count += 1) await call(user, 'write', 'done')
  expect(updatesOf(user)).toEqual([['a', LIST]])
  slow.resolve()
  await expect
    .poll(() => updatesOf(user))
    .toEqual([
      ['a', LIST],
      ['a', LIST],
    ])
})

test('a session that cannot be told is in the log, and nothing waits for it or is kept', async () => {
  const logSpy = vi.spyOn(console, 'warn')
  const user = await userWith('deaf', 'g1')
  await listening(user, 'a', 'g1', LIST)
  sessionObjects.areDown = true
  await call(user, 'write', 'done')
  await expect.poll(() => logSpy.mock.calls.flat().join('\n')).toContain('"event":"session.not-told"')
  sessionObjects.areDown = false
  await call(user, 'write', 'done')
  expect(updatesOf(user)).toHaveLength(2)
})
