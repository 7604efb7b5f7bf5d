import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { tokenKey } from '#users/grants/grant-records.ts'
import { pingone } from './pingone.ts'
import { askFor, BOTH, userWithGrant, intent, newGrant, userOf, tokenOf } from './story.ts'
import { clock } from './worker.ts'
import { present } from '../present.ts'

const MINUTE_MS = 60_000

beforeEach(() => pingone.reset())
afterEach(() => {
  clock.aheadMs = 0
  vi.restoreAllMocks()
})

test('a client that asks again and again gets the same link, and nothing more is stored', async () => {
  const { open, idIn, stored } = await userWithGrant()
  const links = await Promise.all(Array.from({ length: 20 }, () => open()))
  const ids = new Set(links.map(idIn))
  expect([...ids]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)])
  // Only the first denial of a tool is a challenge.
  expect(links.filter((link) => link?.isAskedAgain === false)).toHaveLength(1)
  expect((await open('grant', 'deleteTodo'))?.isAskedAgain).toBe(false)
  expect((await open('grant', 'deleteTodo'))?.isAskedAgain).toBe(true)
  expect(idIn(await open('grant', 'addTodo', ['todo:write']))).toBe([...ids][0])
  const rows = await stored('step-up:')
  expect(rows).toHaveLength(1)
  // The id is stored hashed, so the storage alone opens no request.
  expect(rows.join()).not.toContain([...ids][0] ?? 'nothing')
})

test('at most three requests of a grant are kept', async () => {
  const { user, open, openId, stored } = await userWithGrant()
  const first = await openId()
  for (const scope of ['a', 'b', 'c', 'd']) {
    clock.aheadMs += 1000
    await open('grant', 'addTodo', [scope])
  }
  expect(await stored('step-up:')).toHaveLength(3)
  expect(await user.readStepUp(first)).toBeNull()
})

test('what only remembers that a client was told something makes room before what a user decides', async () => {
  const { user, open, openId, approval } = await userWithGrant({ scope: ['a', 'b', 'c'] })
  const id = await openId()
  await user.denyStepUp(id, await approval())
  // Called with access tokens that are narrower than the grant.
  for (const scope of ['a', 'b', 'c', 'a']) {
    clock.aheadMs += 1000
    expect(await open('grant', 'listTodos', [scope])).toMatchObject({ state: 'narrowed' })
  }
  expect(await open()).toMatchObject({ state: 'denied' })
})

test('a grant that has it all has nothing to ask: its client asked for less, and hears so', async () => {
  const { user, open, stored } = await userWithGrant({ scope: BOTH })
  expect(await open()).toEqual({ state: 'narrowed', isAskedAgain: false })
  expect(await open()).toEqual({ state: 'narrowed', isAskedAgain: true })
  expect(await stored('step-up:')).toHaveLength(1)
  clock.aheadMs = 11 * MINUTE_MS
  await runDurableObjectAlarm(user)
  expect(await stored('step-up:')).toEqual([])
})

test('there is nothing to ask for a grant that is unknown, or whose code was not redeemed', async () => {
  const all = await userWithGrant({ scope: BOTH })
  expect(await all.open('another')).toBeNull()
  expect(await all.stored('step-up:')).toEqual([])
  const user = await userOf('stranger')
  const need = { grant: 'grant', scopes: BOTH, tool: 'addTodo', network: 'unknown' }
  expect(await askFor(user, need)).toBeNull()
  const record = {
    value: JSON.stringify({ clientId: 'client', scope: ['todo:read'] }),
    expiresAtSeconds: null,
  }
  await user.openGrant(await newGrant({ record }))
  expect(await askFor(user, need)).toBeNull()
})

test('the page learns from which networks it was asked, each once and not without end', async () => {
  const { user, open, openId } = await userWithGrant()
  const id = await openId()
  clock.aheadMs = MINUTE_MS
  await open('grant', 'addTodo', BOTH, '198.51.100.0/24')
  await open('grant', 'deleteTodo', BOTH, '192.0.2.0/24')
  const networks = async () => (await user.readStepUp(id))?.askedFrom.map(({ network }) => network)
  expect(await networks()).toEqual(['192.0.2.0/24', '198.51.100.0/24'])
  for (let more = 0; more < 60; more += 1) await open('grant', `tool${more}`, BOTH, `203.0.${more}.0/24`)
  expect(await networks()).toHaveLength(5)
})

test('an approval counts at once for tokens that had the whole grant, and not for narrower ones', async () => {
  const { user, openId, approval } = await userWithGrant()
  const endsAt = Math.floor(Date.now() / 1000) + 600
  const token = (scope: string[], ofGrant: string[]) => ({
    value: JSON.stringify({
      expiresAt: endsAt,
      audience: 'x',
      scope,
      grant: { clientId: 'client', scope: ofGrant },
    }),
    expiresAtSeconds: endsAt,
  })
  await runInDurableObject(user, (_object, { storage }) => {
    storage.kv.put(`record:${tokenKey('grant', 'whole')}`, token(['todo:read'], ['todo:read']))
    storage.kv.put(`record:${tokenKey('grant', 'narrow')}`, token(['todo:read'], ['todo:read', 'todo:other']))
  })
  const scopesOf = async (name: string) => (await present(user, 'grant', name)).bearer?.scopes
  expect(await scopesOf('whole')).toEqual(['todo:read'])
  await user.approveStepUp(await openId(), await approval())
  expect(await scopesOf('whole')).toEqual(BOTH)
  expect(await scopesOf('narrow')).toEqual(['todo:read'])
})

test('a request says who asks for what since when, for ten minutes and under its own id alone', async () => {
  const { user, openId } = await userWithGrant()
  const id = await openId()
  const view = { grant: 'grant', client: 'client', has: ['todo:read'], scopes: ['todo:write'] }
  expect(await user.readStepUp(id)).toMatchObject(view)
  expect(await user.readStepUp(id)).toMatchObject(view)
  expect(await user.readStepUp('0'.repeat(32))).toBeNull()
  expect(await (await userOf('somebody else')).readStepUp(id)).toBeNull()
  clock.aheadMs = 10 * MINUTE_MS - 2000
  expect(await user.readStepUp(id)).not.toBeNull()
  clock.aheadMs = 10 * MINUTE_MS
  expect(await user.readStepUp(id)).toBeNull()
  // After that a new request can be opened.
  expect(await openId()).not.toBe(id)
})

test('what is over is swept away by the alarm', async () => {
  const { user, openId, stored } = await userWithGrant()
  await openId()
  clock.aheadMs = 11 * MINUTE_MS
  await runDurableObjectAlarm(user)
  expect(await stored('step-up:')).toEqual([])
})

test('an approval widens the grant, replaces the tokens, and has the old ones revoked', async () => {
  const { user, granted, openId, approval, scopesNow } = await userWithGrant()
  const id = await openId()
  const approved = await approval()
  expect(await user.approveStepUp(id, approved)).toBe('widened')
  expect(await scopesNow()).toEqual(BOTH)
  expect(tokenOf(await user.beginCall(intent()))).toBe(approved.accessToken)
  expect((await user.listGrants())[0]).toMatchObject({ downstreamScopes: BOTH, ended: null })
  await runDurableObjectAlarm(user)
  expect(pingone.live.has(granted.refreshToken ?? '')).toBe(false)
  expect(pingone.live.has(approved.refreshToken ?? '')).toBe(true)
  expect(await user.readStepUp(id)).toBeNull()
})

test('told twice, because its answer was lost, it is the same approval; with other tokens it is used', async () => {
  const { user, openId, approval } = await userWithGrant()
  const id = await openId()
  const approved = await approval()
  await user.approveStepUp(id, approved)
  expect(await user.approveStepUp(id, approved)).toBe('widened')
  const replay = await approval()
  expect(await user.approveStepUp(id, replay)).toBe('gone')
  await runDurableObjectAlarm(user)
  expect(tokenOf(await user.beginCall(intent()))).toBe(approved.accessToken)
  expect(pingone.live.has(approved.refreshToken ?? '')).toBe(true)
  expect(pingone.live.has(replay.refreshToken ?? '')).toBe(false)
})

test('two approvals at once: one counts, and the tokens of the other go back', async () => {
  const { user, openId, approval, scopesNow } = await userWithGrant()
  const id = await openId()
  const both = [await approval(), await approval()]
  const outcomes = await Promise.all(both.map((granted) => user.approveStepUp(id, granted)))
  expect(outcomes.toSorted()).toEqual(['gone', 'widened'])
  await runDurableObjectAlarm(user)
  const winner = both[outcomes.indexOf('widened')]
  expect(both.map(({ refreshToken }) => pingone.live.has(refreshToken ?? ''))).toEqual(
    both.map((granted) => granted === winner),
  )
  expect(tokenOf(await user.beginCall(intent()))).toBe(winner?.accessToken)
  expect(await scopesNow()).toEqual(BOTH)
})

test('another user changes nothing, is said in the log, and their tokens go back', async () => {
  const log = vi.spyOn(console, 'error')
  const { user, granted, openId, approval, scopesNow } = await userWithGrant()
  const id = await openId()
  const others = [
    await approval({ subject: 'somebody else' }),
    await approval({ issuer: 'https://auth.pingone.test/another/as' }),
  ]
  for (const other of others) expect(await user.approveStepUp(id, other)).toBe('not_theirs')
  expect(log.mock.calls.flat().join()).toContain('"event":"security.step-up-by-another","grant":"grant"')
  expect(await scopesNow()).toEqual(['todo:read'])
  await runDurableObjectAlarm(user)
  expect(others.map(({ refreshToken }) => pingone.live.has(refreshToken ?? ''))).toEqual([false, false])
  expect(tokenOf(await user.beginCall(intent()))).toBe(granted.accessToken)
  // The rejected attempts did not use up the request.
  expect(await user.approveStepUp(id, await approval())).toBe('widened')
})

test.each([
  ['nothing', []],
  ['no more than there was', ['todo:read']],
  ['the new one without the old one', ['todo:write']],
])('where PingOne gave %s nothing changes, and the request stays open', async (_what, scopes) => {
  const { user, granted, openId, approval, scopesNow } = await userWithGrant()
  const id = await openId()
  expect(await user.approveStepUp(id, await approval({ scopes }))).toBe('withheld')
  expect(await scopesNow()).toEqual(['todo:read'])
  expect(tokenOf(await user.beginCall(intent()))).toBe(granted.accessToken)
  expect(await user.readStepUp(id)).not.toBeNull()
})

test('scopes that nobody asked for are not given, even if PingOne gives them', async () => {
  const { user, openId, approval, scopesNow } = await userWithGrant()
  await user.approveStepUp(await openId(), await approval({ scopes: [...BOTH, 'todo:admin'] }))
  expect(await scopesNow()).toEqual(BOTH)
})

test('a no uses the request up, and the client is not handed a new link at once', async () => {
  const { user, open, openId, approval, scopesNow } = await userWithGrant()
  const id = await openId()
  const { issuer, subject } = await approval()
  expect(await user.denyStepUp(id, { issuer, subject: 'another' })).toBe('not_theirs')
  expect(await user.denyStepUp(id, { issuer: 'https://elsewhere.example', subject })).toBe('not_theirs')
  expect(await user.readStepUp(id)).not.toBeNull()
  expect(await user.denyStepUp(id, { issuer, subject })).toBe('denied')
  // A retry after a lost answer.
  expect(await user.denyStepUp(id, { issuer, subject })).toBe('denied')
  expect(await user.denyStepUp('another', { issuer, subject })).toBe('gone')
  expect(await user.readStepUp(id)).toBeNull()
  expect(await user.approveStepUp(id, await approval())).toBe('gone')
  expect(await scopesNow()).toEqual(['todo:read'])
  expect(await open()).toEqual({ state: 'denied', isAskedAgain: true })
  expect(await open('grant', 'deleteTodo')).toEqual({ state: 'denied', isAskedAgain: false })
  clock.aheadMs = 10 * MINUTE_MS
  expect(await open()).toMatchObject({ state: 'open', isAskedAgain: false })
})

test('an approval that comes too late changes nothing', async () => {
  const { user, openId, approval, scopesNow } = await userWithGrant()
  const id = await openId()
  clock.aheadMs = 10 * MINUTE_MS
  expect(await user.approveStepUp(id, await approval())).toBe('gone')
  expect(await scopesNow()).toEqual(['todo:read'])
})

test('a request goes with its grant, and of a user who is blocked nothing is widened', async () => {
  const { user, openId, approval, stored } = await userWithGrant()
  const id = await openId()
  const late = await approval()
  await user.endGrant('grant', 'ended_by_user')
  expect(await stored('step-up:')).toEqual([])
  expect(await user.approveStepUp(id, late)).toBe('gone')
  await runDurableObjectAlarm(user)
  expect(pingone.live.has(late.refreshToken ?? '')).toBe(false)
  expect(tokenOf(await user.beginCall(intent()))).toBe('ended')
})
