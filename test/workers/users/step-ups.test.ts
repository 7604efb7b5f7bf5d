import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { tokenKey } from '#users/grants/grant-records.ts'
import { pingone } from './pingone.ts'
import { BOTH, tell } from './step-up-story.ts'
import { intent, newGrant, personOf, tokenOf } from './story.ts'
import { clock } from './worker.ts'

// What a Person holds to when a client of theirs wants more.
const MINUTE_MS = 60_000

beforeEach(() => pingone.reset())
afterEach(() => {
  clock.aheadMs = 0
  vi.restoreAllMocks()
})

test('a client that asks again and again gets the same link, and nothing more is stored', async () => {
  const { open, idIn, stored } = await tell()
  const links = await Promise.all(Array.from({ length: 20 }, () => open()))
  const ids = new Set(links.map(idIn))
  expect([...ids]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)])
  // A challenge for the first refusal of a tool, and no other.
  expect(links.filter((link) => link?.isAskedAgain === false)).toHaveLength(1)
  expect((await open('grant', 'deleteTodo'))?.isAskedAgain).toBe(false)
  expect((await open('grant', 'deleteTodo'))?.isAskedAgain).toBe(true)
  expect(idIn(await open('grant', 'addTodo', ['todo:write']))).toBe([...ids][0])
  const rows = await stored('step-up:')
  expect(rows).toHaveLength(1)
  // Whoever reads the storage cannot open the request.
  expect(rows.join()).not.toContain([...ids][0] ?? 'nothing')
})

test('at most three requests of a grant are kept', async () => {
  const { person, open, openId, stored } = await tell()
  const first = await openId()
  for (const scope of ['a', 'b', 'c', 'd']) {
    clock.aheadMs += 1000
    await open('grant', 'addTodo', [scope])
  }
  expect(await stored('step-up:')).toHaveLength(3)
  expect(await person.readStepUp(first)).toBeNull()
})

test('what only remembers that a client was told something makes room before what a user decides', async () => {
  const { person, open, openId, approval } = await tell({ scope: ['a', 'b', 'c'] })
  const id = await openId()
  await person.denyStepUp(id, await approval())
  // Asked with tokens that were issued for less than the grant has.
  for (const scope of ['a', 'b', 'c', 'a']) {
    clock.aheadMs += 1000
    expect(await open('grant', 'listTodos', [scope])).toMatchObject({ state: 'narrowed' })
  }
  expect(await open()).toMatchObject({ state: 'denied' })
})

test('a grant that has it all has nothing to ask: its client asked for less, and hears so', async () => {
  const { person, open, stored } = await tell({ scope: BOTH })
  expect(await open()).toEqual({ state: 'narrowed', isAskedAgain: false })
  expect(await open()).toEqual({ state: 'narrowed', isAskedAgain: true })
  expect(await stored('step-up:')).toHaveLength(1)
  clock.aheadMs = 11 * MINUTE_MS
  await runDurableObjectAlarm(person)
  expect(await stored('step-up:')).toEqual([])
})

test('there is nothing to ask for a grant that is unknown, or whose code was not redeemed', async () => {
  const all = await tell({ scope: BOTH })
  expect(await all.open('another')).toBeNull()
  expect(await all.stored('step-up:')).toEqual([])
  const person = await personOf('stranger')
  const asked = { grant: 'grant', scopes: BOTH, tool: 'addTodo', network: 'unknown' }
  expect(await person.openStepUp(asked)).toBeNull()
  const record = {
    value: JSON.stringify({ clientId: 'client', scope: ['todo:read'] }),
    expiresAtSeconds: null,
  }
  await person.openGrant(await newGrant({ record }))
  expect(await person.openStepUp(asked)).toBeNull()
})

test('the page learns from which networks it was asked, each once and not without end', async () => {
  const { person, open, openId } = await tell()
  const id = await openId()
  clock.aheadMs = MINUTE_MS
  await open('grant', 'addTodo', BOTH, '198.51.100.0/24')
  await open('grant', 'deleteTodo', BOTH, '192.0.2.0/24')
  const networks = async () => (await person.readStepUp(id))?.askedFrom.map(({ network }) => network)
  expect(await networks()).toEqual(['192.0.2.0/24', '198.51.100.0/24'])
  for (let more = 0; more < 60; more += 1) await open('grant', `tool${more}`, BOTH, `203.0.${more}.0/24`)
  expect(await networks()).toHaveLength(5)
})

test('an approval counts at once for tokens that had the whole grant, and not for narrower ones', async () => {
  const { person, openId, approval } = await tell()
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
  await runInDurableObject(person, (_object, { storage }) => {
    storage.kv.put(`record:${tokenKey('grant', 'whole')}`, token(['todo:read'], ['todo:read']))
    storage.kv.put(`record:${tokenKey('grant', 'narrow')}`, token(['todo:read'], ['todo:read', 'todo:other']))
  })
  const scopesOf = async (name: string) => (await person.bearer('grant', name, null)).bearer?.scopes
  expect(await scopesOf('whole')).toEqual(['todo:read'])
  await person.approveStepUp(await openId(), await approval())
  expect(await scopesOf('whole')).toEqual(BOTH)
  expect(await scopesOf('narrow')).toEqual(['todo:read'])
})

test('a request says who asks for what since when, for ten minutes and under its own id alone', async () => {
  const { person, openId } = await tell()
  const id = await openId()
  const view = { grant: 'grant', client: 'client', has: ['todo:read'], scopes: ['todo:write'] }
  expect(await person.readStepUp(id)).toMatchObject(view)
  expect(await person.readStepUp(id)).toMatchObject(view)
  expect(await person.readStepUp('0'.repeat(32))).toBeNull()
  expect(await (await personOf('somebody else')).readStepUp(id)).toBeNull()
  clock.aheadMs = 10 * MINUTE_MS - 2000
  expect(await person.readStepUp(id)).not.toBeNull()
  clock.aheadMs = 10 * MINUTE_MS
  expect(await person.readStepUp(id)).toBeNull()
  // And then a new one can be asked for.
  expect(await openId()).not.toBe(id)
})

test('what is over is swept away by the alarm', async () => {
  const { person, openId, stored } = await tell()
  await openId()
  clock.aheadMs = 11 * MINUTE_MS
  await runDurableObjectAlarm(person)
  expect(await stored('step-up:')).toEqual([])
})

test('an approval widens the grant, replaces the tokens, and has the old ones revoked', async () => {
  const { person, given, openId, approval, scopesNow } = await tell()
  const id = await openId()
  const approved = await approval()
  expect(await person.approveStepUp(id, approved)).toBe('widened')
  expect(await scopesNow()).toEqual(BOTH)
  expect(tokenOf(await person.beginCall(intent()))).toBe(approved.accessToken)
  expect((await person.listGrants())[0]).toMatchObject({ downstreamScopes: BOTH, ended: null })
  await runDurableObjectAlarm(person)
  expect(pingone.live.has(given.refreshToken ?? '')).toBe(false)
  expect(pingone.live.has(approved.refreshToken ?? '')).toBe(true)
  expect(await person.readStepUp(id)).toBeNull()
})

test('told twice, because its answer was lost, it is the same approval; with other tokens it is used', async () => {
  const { person, openId, approval } = await tell()
  const id = await openId()
  const approved = await approval()
  await person.approveStepUp(id, approved)
  expect(await person.approveStepUp(id, approved)).toBe('widened')
  const replay = await approval()
  expect(await person.approveStepUp(id, replay)).toBe('gone')
  await runDurableObjectAlarm(person)
  expect(tokenOf(await person.beginCall(intent()))).toBe(approved.accessToken)
  expect(pingone.live.has(approved.refreshToken ?? '')).toBe(true)
  expect(pingone.live.has(replay.refreshToken ?? '')).toBe(false)
})

test('two approvals at once: one counts, and the tokens of the other go back', async () => {
  const { person, openId, approval, scopesNow } = await tell()
  const id = await openId()
  const both = [await approval(), await approval()]
  const outcomes = await Promise.all(both.map((given) => person.approveStepUp(id, given)))
  expect(outcomes.toSorted()).toEqual(['gone', 'widened'])
  await runDurableObjectAlarm(person)
  const winner = both[outcomes.indexOf('widened')]
  expect(both.map(({ refreshToken }) => pingone.live.has(refreshToken ?? ''))).toEqual(
    both.map((given) => given === winner),
  )
  expect(tokenOf(await person.beginCall(intent()))).toBe(winner?.accessToken)
  expect(await scopesNow()).toEqual(BOTH)
})

test('another person changes nothing, is said in the log, and their tokens go back', async () => {
  const log = vi.spyOn(console, 'error')
  const { person, given, openId, approval, scopesNow } = await tell()
  const id = await openId()
  const others = [
    await approval({ subject: 'somebody else' }),
    await approval({ issuer: 'https://auth.pingone.test/another/as' }),
  ]
  for (const other of others) expect(await person.approveStepUp(id, other)).toBe('not_theirs')
  expect(log.mock.calls.flat().join()).toContain('"event":"security.step-up-by-another","grant":"grant"')
  expect(await scopesNow()).toEqual(['todo:read'])
  await runDurableObjectAlarm(person)
  expect(others.map(({ refreshToken }) => pingone.live.has(refreshToken ?? ''))).toEqual([false, false])
  expect(tokenOf(await person.beginCall(intent()))).toBe(given.accessToken)
  // The request was not theirs to use up.
  expect(await person.approveStepUp(id, await approval())).toBe('widened')
})

test.each([
  ['nothing', []],
  ['no more than there was', ['todo:read']],
  ['the new one without the old one', ['todo:write']],
])('where PingOne gave %s nothing changes, and the request stays open', async (_what, scopes) => {
  const { person, given, openId, approval, scopesNow } = await tell()
  const id = await openId()
  expect(await person.approveStepUp(id, await approval({ scopes }))).toBe('withheld')
  expect(await scopesNow()).toEqual(['todo:read'])
  expect(tokenOf(await person.beginCall(intent()))).toBe(given.accessToken)
  expect(await person.readStepUp(id)).not.toBeNull()
})

test('scopes that nobody asked for are not given, even if PingOne gives them', async () => {
  const { person, openId, approval, scopesNow } = await tell()
  await person.approveStepUp(await openId(), await approval({ scopes: [...BOTH, 'todo:admin'] }))
  expect(await scopesNow()).toEqual(BOTH)
})

test('a no uses the request up, and the client is not handed a new link at once', async () => {
  const { person, open, openId, approval, scopesNow } = await tell()
  const id = await openId()
  const { issuer, subject } = await approval()
  expect(await person.denyStepUp(id, { issuer, subject: 'another' })).toBe('not_theirs')
  expect(await person.denyStepUp(id, { issuer: 'https://elsewhere.example', subject })).toBe('not_theirs')
  expect(await person.readStepUp(id)).not.toBeNull()
  expect(await person.denyStepUp(id, { issuer, subject })).toBe('denied')
  // Its answer may have been lost.
  expect(await person.denyStepUp(id, { issuer, subject })).toBe('denied')
  expect(await person.denyStepUp('another', { issuer, subject })).toBe('gone')
  expect(await person.readStepUp(id)).toBeNull()
  expect(await person.approveStepUp(id, await approval())).toBe('gone')
  expect(await scopesNow()).toEqual(['todo:read'])
  expect(await open()).toEqual({ state: 'denied', isAskedAgain: true })
  expect(await open('grant', 'deleteTodo')).toEqual({ state: 'denied', isAskedAgain: false })
  clock.aheadMs = 10 * MINUTE_MS
  expect(await open()).toMatchObject({ state: 'open', isAskedAgain: false })
})

test('an approval that comes too late changes nothing', async () => {
  const { person, openId, approval, scopesNow } = await tell()
  const id = await openId()
  clock.aheadMs = 10 * MINUTE_MS
  expect(await person.approveStepUp(id, await approval())).toBe('gone')
  expect(await scopesNow()).toEqual(['todo:read'])
})

test('a request goes with its grant, and of a person who is blocked nothing is widened', async () => {
  const { person, openId, approval, stored } = await tell()
  const id = await openId()
  const late = await approval()
  await person.endGrant('grant', 'ended_by_person')
  expect(await stored('step-up:')).toEqual([])
  expect(await person.approveStepUp(id, late)).toBe('gone')
  await runDurableObjectAlarm(person)
  expect(pingone.live.has(late.refreshToken ?? '')).toBe(false)
  expect(tokenOf(await person.beginCall(intent()))).toBe('ended')
})
