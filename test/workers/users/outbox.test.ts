import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { beforeEach, expect, test } from 'vitest'
import { AuditEvent } from '#events/event.ts'
import { MOST_RESERVED, MOST_WAITING } from '#users/bounds.ts'
import { userName } from '#users/base/user-id.ts'
import { grantKey } from '#users/grants/grant-records.ts'
import { block, erase, unblock } from '../acts.ts'
import { ISSUER } from '../settings.ts'
import { pingone } from './pingone.ts'
import { BOTH, fill, intent, newGrant, userOf, userWithGrant } from './story.ts'
import { auditStore, clock } from './worker.ts'

beforeEach(() => {
  pingone.reset()
  auditStore.isDown = false
})

type User = Awaited<ReturnType<typeof userOf>>

/** Ships all and reads the chain, without the ids and times. */
async function eventsOf(user: User, subject: string) {
  await ship(user)
  const chain = await userName(ISSUER, subject)
  expect(await auditStore.faultOf(chain)).toBeNull()
  return auditStore.bodiesOf(chain).map((body) => AuditEvent.parse(body))
}

async function ship(user: User): Promise<void> {
  for (let count = 0; count < 20 && (await user.auditState()).waiting > 0; count += 1) {
    clock.aheadMs += 600_000
    await runDurableObjectAlarm(user)
  }
}

const typesOf = async (user: User, subject: string) => (await eventsOf(user, subject)).map(({ type }) => type)

const login = {
  transaction: crypto.randomUUID(),
  startedAtMs: Date.parse('2026-11-01T12:00:00Z'),
  consentedAtMs: Date.parse('2026-11-01T12:00:10Z'),
  completedAtMs: Date.parse('2026-11-01T12:00:30Z'),
  requested: ['todo:read', 'todo:write', 'todo:admin'],
  approved: BOTH,
  granted: ['todo:read'],
  network: '192.0.2.0/24',
  agent: 'node',
  acr: 'policy',
  correlation: 'correlation-1',
}

test('a login is four events, each at the time at which it happened', async () => {
  const subject = crypto.randomUUID()
  const { user } = await userWithGrant({ subject, login })
  const client = { id: 'client', givenName: 'Client' }
  const { transaction, network, agent } = login
  const origin = { client, transaction, network, agent }
  expect(await eventsOf(user, subject)).toMatchObject([
    { type: 'chain.opened' },
    { ...origin, type: 'login.started', at: '2026-11-01T12:00:00.000Z', scopes: login.requested },
    { ...origin, type: 'consent.given', at: '2026-11-01T12:00:10.000Z', scopes: BOTH },
    {
      ...origin,
      type: 'login.completed',
      at: '2026-11-01T12:00:30.000Z',
      grant: 'grant',
      acr: 'policy',
      correlation: 'correlation-1',
    },
    { ...origin, type: 'grant.opened', grant: 'grant', scopes: ['todo:read'] },
  ])
})

test('an object that never had a grant stores no event, whatever is sent to it', async () => {
  const subject = crypto.randomUUID()
  const user = await userOf(subject)
  await block(user)
  expect(await user.openGrant(await newGrant())).toBe('blocked')
  await erase(user)
  await user.endAll('ended_by_user')
  await user.reportFinding('grant', 'refresh-repeated-elsewhere')
  const tables = await runInDurableObject(user, (_object, { storage }) =>
    storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'outbox'").toArray(),
  )
  expect(tables).toEqual([])
  expect(await user.auditState()).toMatchObject({ epoch: 1, seq: 0, hash: '', waiting: 0 })
})

test('ends, blocks and refused logins say by whom and why', async () => {
  const subject = crypto.randomUUID()
  const { user } = await userWithGrant({ subject })
  await user.openGrant(await newGrant({ id: 'g2' }))
  await user.endGrant('g2', 'refresh_reused')
  await user.endGrant('g2', 'refresh_reused')
  await block(user)
  await block(user)
  await user.openGrant(await newGrant({ id: 'g3', login }))
  await unblock(user)
  const events = await eventsOf(user, subject)
  expect(events.slice(3)).toMatchObject([
    { type: 'security', grant: 'g2', finding: 'refresh-token-reused' },
    { type: 'grant.ended', grant: 'g2', reason: 'refresh_reused', by: 'server' },
    { type: 'user.blocked' },
    { type: 'grant.ended', grant: 'grant', reason: 'blocked', by: 'operator', client: { id: 'client' } },
    { type: 'login.refused', reason: 'blocked', transaction: login.transaction },
    { type: 'user.unblocked' },
  ])
  expect(events).toHaveLength(9)
})

/** Without the denial of the call that lacked scopes. */
const exceptDenials = ({ type }: AuditEvent) => type !== 'call.denied'

test('a step-up is one event when it is asked for, and one when the user decides', async () => {
  const subject = crypto.randomUUID()
  const { user, openId, approval } = await userWithGrant({ subject })
  const id = await openId()
  expect(await openId()).toBe(id)
  const another = await approval({ subject: 'another' })
  expect(await user.approveStepUp(id, another)).toBe('not_theirs')
  await user.approveStepUp(id, await approval())
  const events = (await eventsOf(user, subject)).filter(exceptDenials)
  expect(events.slice(2)).toMatchObject([
    { type: 'step-up.asked', grant: 'grant', network: '192.0.2.0/24', scopes: ['todo:write'] },
    { type: 'security', grant: 'grant', finding: 'step-up-by-another' },
    { type: 'step-up.approved', grant: 'grant', scopes: ['todo:write'] },
    { type: 'grant.widened', grant: 'grant', scopes: ['todo:write'] },
  ])
  expect(events).toHaveLength(6)
})

test('a step-up that the user denies is an event', async () => {
  const subject = crypto.randomUUID()
  const { user, openId } = await userWithGrant({ subject })
  const by = { issuer: ISSUER, subject }
  expect(await user.denyStepUp(await openId(), by)).toBe('denied')
  const events = (await eventsOf(user, subject)).filter(exceptDenials)
  expect(events.slice(2).map(({ type }) => type)).toEqual(['step-up.asked', 'step-up.denied'])
})

test('a session has events by its short hash: opened, taken over, evicted or closed, with the reason', async () => {
  const subject = crypto.randomUUID()
  const { user } = await userWithGrant({ subject })
  await user.openGrant(await newGrant({ id: 'g2' }))
  const facts = (session: string) => ({ session, network: '192.0.2.0/24', agent: 'node' })
  await user.openSession('one', 'grant', 'client', facts('0123456789abcdef'))
  await user.openSession('one', 'grant', 'client', facts('0123456789abcdef'))
  await user.openSession('two', 'grant', 'client', facts('fedcba9876543210'))
  await user.closeSession('two')
  await user.closeSession('two')
  await user.endGrant('grant', 'ended_by_user')
  const events = (await eventsOf(user, subject)).slice(3)
  expect(events).toMatchObject([
    { type: 'session.opened', session: '0123456789abcdef', grant: 'grant', network: '192.0.2.0/24' },
    { type: 'session.opened', session: 'fedcba9876543210' },
    { type: 'session.closed', session: 'fedcba9876543210', reason: 'by_client', client: { id: 'client' } },
    { type: 'grant.ended', reason: 'ended_by_user', by: 'user' },
    { type: 'session.closed', session: '0123456789abcdef', reason: 'grant_ended' },
  ])
  expect(events).toHaveLength(5)
})

test('a refresh is one event, also if the client repeats it; one of another token is a finding', async () => {
  const subject = crypto.randomUUID()
  const { user } = await userWithGrant({ subject })
  const before = (await user.snapshot('grant', 'r1', true)).grant ?? ''
  const value = JSON.stringify({ clientId: 'client', scope: ['todo:read'], refreshTokenId: 'r2' })
  const commit = {
    before,
    presented: 'r1',
    writes: [[grantKey('grant'), { value, expiresAtSeconds: null }]] satisfies [string, object][],
    spent: { hash: 'r1', answer: 'answer', asked: 'all', network: '192.0.2.0/24' },
  }
  expect(await user.commit('grant', commit)).toEqual({ outcome: 'done' })
  expect(await user.commit('grant', commit)).toEqual({ outcome: 'done' })
  const stolen = { ...commit, before: value, presented: 'r7', writes: commit.writes }
  stolen.writes = [[grantKey('grant'), { value: `${value} `, expiresAtSeconds: null }]]
  expect(await user.commit('grant', stolen)).toEqual({ outcome: 'not_presented' })
  await user.reportFinding('grant', 'refresh-repeated-elsewhere')
  expect((await eventsOf(user, subject)).slice(2)).toMatchObject([
    { type: 'grant.refreshed', grant: 'grant', network: '192.0.2.0/24' },
    { type: 'security', finding: 'commit-refused' },
    { type: 'security', finding: 'refresh-repeated-elsewhere' },
  ])
})

test('a new token of PingOne is an event of the call that needed it', async () => {
  const subject = crypto.randomUUID()
  const { user } = await userWithGrant({ subject, downstreamEndsAtSeconds: Math.floor(Date.now() / 1000) })
  const { transaction } = intent()
  await user.beginCall(intent({ transaction }))
  const events = await eventsOf(user, subject)
  expect(events.filter(({ type }) => type === 'downstream.refreshed')).toMatchObject([
    { grant: 'grant', transaction },
  ])
})

test("a user's own pages: signed in, signed out, signed out of PingOne", async () => {
  const subject = crypto.randomUUID()
  const { user } = await userWithGrant({ subject })
  const page = () => ({
    userName: 'Ada',
    pingOneSession: 'sid',
    authenticatedAtSeconds: Math.floor((Date.now() + clock.aheadMs) / 1000),
  })
  await user.openPage('p1', page())
  await user.openPage('p1', page())
  await user.closePage('p1')
  await user.closePage('p1')
  await user.openPage('p2', page())
  await user.endPingOneSession('p2')
  expect((await typesOf(user, subject)).slice(2)).toEqual([
    'account.signed-in',
    'account.signed-out',
    'account.signed-in',
    'account.pingone-signed-out',
    'grant.ended',
  ])
})

test('a full outbox refuses no end and no block, and counts what else found no room', async () => {
  const subject = crypto.randomUUID()
  const { user, openId } = await userWithGrant({ subject })
  auditStore.isDown = true
  await fill(user, 'reserved', MOST_RESERVED)
  await fill(user, 'common', MOST_WAITING)
  // What it has counted in memory is lost.
  await evictDurableObject(user)
  const again = await userOf(subject)
  await openId()
  await again.reportFinding('grant', 'refresh-repeated-elsewhere')
  const facts = { session: '0123456789abcdef', network: '192.0.2.0/24', agent: 'node' }
  await again.openSession('one', 'grant', 'client', facts)
  await block(again)
  expect((await again.listGrants()).map(({ ended }) => ended?.reason)).toEqual(['blocked'])
  auditStore.isDown = false
  const events = (await eventsOf(again, subject)).filter(({ type }) => type !== 'user.unblocked')
  expect(events.slice(2)).toMatchObject([
    { type: 'events.not-recorded', count: 5 },
    { type: 'user.blocked' },
    { type: 'grant.ended', reason: 'blocked' },
  ])
  expect(events).toHaveLength(5)
  expect(await again.auditState()).toMatchObject({ waiting: 0 })
})

test('shipping alone does not sweep, and a sweep that is due is not put off by shipping', async () => {
  const subject = crypto.randomUUID()
  const { user } = await userWithGrant({ subject })
  const used = () => runInDurableObject(user, (_object, { storage }) => storage.kv.get('sign-in:s1'))
  const endsAtSeconds = Math.floor((Date.now() + clock.aheadMs) / 1000) + 3600
  await user.useSignIn('s1', 'attempt', endsAtSeconds)
  clock.aheadMs += 60_000
  await runDurableObjectAlarm(user)
  expect(await user.auditState()).toMatchObject({ waiting: 0 })
  expect(await used()).toBeDefined()
  clock.aheadMs += 3_600_000
  await runDurableObjectAlarm(user)
  expect(await used()).toBeUndefined()
})
