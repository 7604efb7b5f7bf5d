import { env } from 'cloudflare:workers'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type ActProgress, WALK_USERS } from '#operate/api-schema.ts'
import { Client } from './client.ts'
import { unwatchDeadlines, watchDeadlines } from './deadlines.ts'
import { alarms, breakDown, clocks, heal } from './faults.ts'
import { endsOf, type KnownUser, knownUser, OPERATED, Operator, progressOf, wordOf } from './operator.ts'
import { checkLog, drain } from './shipping.ts'
import { passSeconds, startClock, stopClock } from '../grants/support.ts'
import { startIsolate } from './world.ts'

// An act on a client with several pages of users: it is interrupted, meets another operator and a login, and D1 is away.

beforeAll(() => {
  watchDeadlines()
  alarms.areHeld = true
})
beforeEach(() => startIsolate(OPERATED))
afterEach(heal)
afterAll(() => {
  alarms.areHeld = false
  unwatchDeadlines()
  startIsolate()
})

/** Two pages and one user. */
const MANY = 2 * WALK_USERS + 1
/** A page and a part of one. */
const SOME = WALK_USERS + 25
const ENDED = 'ended_by_operator'

interface Crowd {
  client: string
  users: KnownUser[]
}

async function newCrowd(size: number): Promise<Crowd> {
  const client = `client-${crypto.randomUUID()}`
  const users: KnownUser[] = []
  for (let count = 0; count < size; count += 1) users.push(await knownUser(client))
  return { client, users }
}

const livingOf = async ({ users }: Crowd): Promise<number> =>
  (await Promise.all(users.map(endsOf))).flat().filter((end) => end === null).length

const sumOf = (...acts: ActProgress[]) => acts.reduce((sum, { affected }) => sum + affected.grants, 0)

test('a walk that is interrupted after its first page is continued by the same command', async () => {
  const crowd = await newCrowd(MANY)
  const operator = await Operator.signIn()
  const target = { operation: 'end-client', client: crowd.client } as const
  const act = crypto.randomUUID()
  const first = progressOf(await operator.act(target, act))
  expect(first).toMatchObject({ affected: { users: WALK_USERS, grants: WALK_USERS } })
  expect(first.next).not.toBeNull()
  expect(await livingOf(crowd)).toBe(MANY - WALK_USERS)
  // The command is stopped here, and a new one begins an act of its own.
  const again = await operator.finish(target)
  expect(again.affected).toEqual({ users: MANY - WALK_USERS, grants: MANY - WALK_USERS })
  expect(await livingOf(crowd)).toBe(0)
  // The interrupted one goes on: it ends nothing more, and counts what it has ended itself.
  expect((await operator.goOn(first)).affected).toEqual({ users: WALK_USERS, grants: WALK_USERS })
  expect(await operator.recordOf(act)).toEqual(['began', 'done'])
  expect(await operator.recordOf(again.act)).toEqual(['began', 'done'])
})

test('a page whose users do not answer is not complete, and the same step goes on from there', async () => {
  const crowd = await newCrowd(SOME)
  const operator = await Operator.signIn()
  const act = crypto.randomUUID()
  const first = progressOf(await operator.act({ operation: 'end-client', client: crowd.client }, act))
  for (const [place, fault] of [
    ['user', '500'],
    ['user', 'timeout'],
    ['d1', '500'],
  ] as const) {
    // Of the second page some users answer.
    const after = place === 'user' ? 15 : 0
    const isMeant = (message: string) => place === 'd1' || message.startsWith('applyAct')
    breakDown(place, fault, { after, isMeant })
    expect([place, fault, wordOf(await operator.step(first))]).toEqual([place, fault, 'later'])
    heal()
  }
  expect(await operator.recordOf(act)).toEqual(['began', 'failed'])
  expect(await livingOf(crowd)).toBeGreaterThan(0)
  expect((await operator.goOn(first)).affected).toEqual({ users: SOME, grants: SOME })
  expect(await operator.recordOf(act)).toEqual(['began', 'failed', 'done'])
  expect(await livingOf(crowd)).toBe(0)
  // The last step again, as after a lost answer.
  expect((await operator.goOn(first)).affected).toEqual({ users: SOME, grants: SOME })
  expect(await operator.recordOf(act)).toEqual(['began', 'failed', 'done'])
})

test('two operators who end a client at once end each grant once, and their numbers add up', async () => {
  const crowd = await newCrowd(SOME)
  const target = { operation: 'end-client', client: crowd.client } as const
  const operators = [await Operator.signIn(), await Operator.signIn()]
  const done = await Promise.all(operators.map((operator) => operator.finish(target)))
  expect(sumOf(...done)).toBe(SOME)
  expect(await livingOf(crowd)).toBe(0)
  // The log of a user has the end of a grant once (audit-log.ts).
  for (const { user } of crowd.users) {
    const events = await checkLog(user)
    expect(events.filter(({ type }) => type === 'grant.ended')).toHaveLength(1)
  }
  for (const [at, operator] of operators.entries()) {
    expect(await operator.recordOf(done[at]?.act ?? '')).toEqual(['began', 'done'])
    // The place of one operator's walk is no place in another one's.
    const other = operators[1 - at]
    const begun = progressOf(await operator.act(target, crypto.randomUUID()))
    if (other === undefined || begun.next === null) throw new Error('no second page')
    expect(wordOf(await other.step(begun))).toBe('404 not-found')
  }
})

/** A client that is registered here, with a user of its own, and the rest of its users. */
async function newRegistered() {
  const client = await Client.register()
  const users: KnownUser[] = []
  for (let count = 0; count <= WALK_USERS; count += 1) users.push(await knownUser(client.id))
  return { client, crowd: { client: client.id, users } }
}

test('a user who logs in while a client is ended keeps the new grant, unless it was in the second of the act', async () => {
  const { client, crowd } = await newRegistered()
  const operator = await Operator.signIn()
  const target = { operation: 'end-client', client: client.id } as const
  stopClock()
  try {
    // This isolate has its list from before the act.
    await (await Client.register()).signIn()
    const first = progressOf(await operator.act(target, crypto.randomUUID()))
    expect(await client.redeem(await client.login().toCode())).toBe('ok')
    const [early, earlyTokens] = [client.user, client.tokens]
    passSeconds(1)
    expect(await client.redeem(await client.login().toCode())).toBe('ok')
    const late = client.user
    await drain(late)
    expect((await operator.goOn(first)).affected).toEqual({ users: WALK_USERS + 1, grants: WALK_USERS + 1 })
    expect(await livingOf(crowd)).toBe(0)
    passSeconds(6)
    for (let calls = 0; calls < 2; calls += 1) expect(await client.call('stateless', 'listTodos')).toBe('ok')
    expect(await client.refresh()).toBe('ok')
    expect(await endsOf({ user: late })).toEqual([null])
    client.tokens = earlyTokens
    expect(await client.call('stateless', 'listTodos')).toMatch(/^401 /)
    expect(await endsOf({ user: early })).toEqual([ENDED])
  } finally {
    startClock()
  }
})

test('nobody logs in while a client is blocked, and who was about to be asked is refused', async () => {
  const { client, crowd } = await newRegistered()
  const operator = await Operator.signIn()
  const [half, another] = [await client.login().toCallback(), client.login()]
  const first = progressOf(
    await operator.act({ operation: 'block-client', client: client.id }, crypto.randomUUID()),
  )
  clocks.user = 3
  expect(await half.step()).toBe('403 This app is blocked here')
  await operator.goOn(first)
  expect(await livingOf(crowd)).toBe(0)
  expect(await (await another.toCallback()).step()).toBe('403 This app is blocked here')
  await operator.finish({ operation: 'unblock-client', client: client.id })
  clocks.user = 10
  expect(await client.redeem(await client.login().toCode())).toBe('ok')
})

test('without D1 a new isolate knows no cutoff: what the act has ended stays ended, and the rest ends when D1 is back', async () => {
  const client = await Client.register()
  await client.signIn()
  await env.RECORDS.prepare('DELETE FROM client_cutoffs').run()
  const operator = await Operator.signIn()
  await operator.finish({ operation: 'block-client', client: client.id })
  const found = await (await Client.register()).signIn()
  await drain(found.user)
  await operator.finish({ operation: 'end-client', client: found.id })
  const login = await client.login().toCallback()

  startIsolate(OPERATED)
  breakDown('d1', '500')
  // The walk did not find this grant: D1 does not know it yet.
  expect(await endsOf({ user: client.user })).toEqual([null])
  expect(await client.call('stateless', 'listTodos')).toBe('ok')
  expect(await found.call('stateless', 'listTodos')).toMatch(/^401 /)
  expect(await login.step()).toBe('ok')
  heal()

  clocks.user = 6
  // This request renews the list after its answer.
  await client.call('stateless', 'listTodos')
  expect(await client.call('stateless', 'listTodos')).toMatch(/^401 /)
  expect(await endsOf({ user: client.user })).toEqual([ENDED])
  expect(await client.refresh()).toBe('400 invalid_grant')
})

test('an isolate that knows the list keeps it while D1 is away', async () => {
  const client = await (await Client.register()).signIn()
  await (await Operator.signIn()).finish({ operation: 'block-client', client: client.id })
  const login = await client.login().toCallback()
  startIsolate(OPERATED)
  await (await Client.register()).signIn().then((other) => other.call('stateless', 'listTodos'))
  breakDown('d1', '500')
  clocks.user = 20
  expect(await login.step()).toBe('403 This app is blocked here')
  expect(await client.call('stateless', 'listTodos')).toMatch(/^401 /)
})
