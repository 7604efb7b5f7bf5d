import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { beforeEach, expect, test, vi } from 'vitest'
import { LOST_AFTER_MS } from '#users/calls/call-sweep.ts'
import type { CallOutcome } from '#users/calls/calls.ts'
import { grantKey, tokenKey } from '#users/grants/grant-records.ts'
import { begin, newGrant, personWith } from './story.ts'
import { clock, config, operator, sessionObjects } from './worker.ts'

beforeEach(() => {
  Object.assign(sessionObjects, { areDown: false, until: Promise.resolve() })
  operator.config = config
  sessionObjects.news.length = 0
})

type Person = Awaited<ReturnType<typeof personWith>>
const LIST = 'todo://list'

/** Told late, by an alarm, the session of one test must not be taken for that of another. */
const named = (person: Person, session: string) => `${person.name ?? ''}/${session}`

async function listening(person: Person, session: string, grant: string, ...uris: string[]): Promise<void> {
  await person.openSession(named(person, session), grant, 'client-a')
  for (const uri of uris) expect(await person.subscribe(named(person, session), grant, uri)).toBe('done')
}

async function call(
  person: Person,
  effect: 'read' | 'write',
  outcome: CallOutcome,
  grant = 'g1',
): Promise<void> {
  const start = await begin(person, { grant, effect, key: null })
  if (start.verdict !== 'go') throw new Error(start.verdict)
  await person.endCall(start.call, outcome, null)
}

/** A Person begins to tell before it answers `endCall`, so nothing has to be waited for. */
function newsOf(person: Person): string[][] {
  const prefix = named(person, '')
  return sessionObjects.news.flatMap(([session, ...uris]) =>
    session.startsWith(prefix) ? [[session.slice(prefix.length), ...uris]] : [],
  )
}

const TOKEN = 'hash-of-the-token'
const HOUR_SECONDS = 3600

/** The client redeems the code of this grant: there is a token for an hour, and the grant is over with it. */
async function redeem(person: Person, id: string): Promise<void> {
  const expiresAtSeconds = Math.floor(clock.nowMs / 1000) + HOUR_SECONDS
  const grant = { clientId: 'client-a' }
  const token = { expiresAt: expiresAtSeconds, audience: 'x', scope: ['todo:read'], grant }
  await person.commit(id, {
    before: '{"authCodeId":"the code"}',
    presented: 'the code',
    writes: [
      [grantKey(id), { value: JSON.stringify(grant), expiresAtSeconds }],
      [tokenKey(id, TOKEN), { value: JSON.stringify(token), expiresAtSeconds }],
    ],
    spent: null,
  })
}

const keptOf = (person: Person) =>
  runInDurableObject(person, (_object, { storage }) =>
    [...storage.kv.list({ prefix: 'subscribed:' })].map(([, value]) => value),
  )

test('after a write that was done, or of which nobody knows, each session hears of all it subscribed to', async () => {
  const person = await personWith('tells', 'g1', 'g2')
  await listening(person, 'a', 'g1', LIST, 'todo://items/a')
  await listening(person, 'b', 'g2', LIST)
  await listening(person, 'silent', 'g2')
  for (const outcome of ['refused', 'failed'] as const) await call(person, 'write', outcome)
  for (const outcome of ['done', 'unknown'] as const) await call(person, 'read', outcome)
  expect(newsOf(person)).toEqual([])
  // What was subscribed is not in memory only.
  await evictDurableObject(person)
  await call(person, 'write', 'done', 'g2')
  const all = [
    ['a', LIST, 'todo://items/a'],
    ['b', LIST],
  ]
  expect(newsOf(person)).toEqual(all)
  await call(person, 'write', 'unknown')
  expect(newsOf(person)).toEqual([...all, ...all])
})

test('a call that ends twice is told of once, and one whose end nobody told when it counts as unknown', async () => {
  const person = await personWith('lost', 'g1')
  await listening(person, 'a', 'g1', LIST)
  const start = await begin(person, { key: null })
  for (let twice = 0; twice < 2; twice += 1)
    await person.endCall(start.verdict === 'go' ? start.call : '', 'done', null)
  expect(newsOf(person)).toEqual([['a', LIST]])
  await begin(person, { key: null })
  expect(newsOf(person)).toHaveLength(1)
  clock.nowMs += LOST_AFTER_MS + 1000
  await begin(person)
  expect(newsOf(person)).toHaveLength(2)
})

test('nobody hears a write of somebody else', async () => {
  const [ada, bob] = [await personWith('ada', 'g1'), await personWith('bob', 'g1')]
  await listening(ada, 'a', 'g1', LIST)
  await call(bob, 'write', 'done')
  expect(newsOf(bob)).toEqual([])
})

test('what a session subscribed to ends with the session, and with its grant', async () => {
  const person = await personWith('ends', 'g1', 'g2')
  await listening(person, 'closed', 'g1', LIST)
  await listening(person, 'ended', 'g1', LIST)
  await listening(person, 'stays', 'g2', LIST)
  await person.closeSession(named(person, 'closed'))
  expect(await keptOf(person)).toHaveLength(2)
  await person.endGrant('g1', 'revoked_by_client')
  expect(await keptOf(person)).toEqual([{ grant: 'g2', uris: [LIST] }])
  await call(person, 'write', 'done', 'g2')
  expect(newsOf(person)).toEqual([['stays', LIST]])
  expect(await person.subscribe(named(person, 'ended'), 'g1', LIST)).toBe('ended')
  expect(await person.subscribe(named(person, 'closed'), 'g2', LIST)).toBe('closed')
})

test('a grant that takes the session over does not hear what the one before subscribed to', async () => {
  const person = await personWith('taken', 'g1', 'g2')
  await listening(person, 'a', 'g1', LIST)
  await redeem(person, 'g2')
  expect((await person.bearer('g2', TOKEN, named(person, 'a'))).session).toBe('open')
  expect(await keptOf(person)).toEqual([])
  // Also a message of the earlier grant that was under way.
  expect(await person.subscribe(named(person, 'a'), 'g1', LIST)).toBe('closed')
  expect(await person.subscribe(named(person, 'a'), 'g2', 'todo://items/new')).toBe('done')
  await person.unsubscribe(named(person, 'a'), 'g1', 'todo://items/new')
  await call(person, 'write', 'done', 'g1')
  expect(newsOf(person)).toEqual([['a', 'todo://items/new']])
})

test('a grant whose time is over hears nothing, even before anyone has said so', async () => {
  const person = await personWith('late', 'g1', 'g2')
  await redeem(person, 'g1')
  await listening(person, 'a', 'g1', LIST)
  clock.nowMs += (HOUR_SECONDS + 1) * 1000
  await call(person, 'write', 'done', 'g2')
  expect(newsOf(person)).toEqual([])
})

test('a grant of another tenant than the settings name hears nothing, and again when they name it', async () => {
  const person = await personWith('moved', 'g1')
  await listening(person, 'a', 'g1', LIST)
  operator.config = { ...config, pingone: { ...config.pingone, clientId: 'another' } }
  await person.openGrant(newGrant('g2'))
  await call(person, 'write', 'done', 'g2')
  expect(newsOf(person)).toEqual([])
  operator.config = config
  await call(person, 'write', 'done')
  expect(newsOf(person)).toEqual([['a', LIST]])
})

test('writes that follow each other while a session is being told are told of once more, not once each', async () => {
  const person = await personWith('fast', 'g1')
  await listening(person, 'a', 'g1', LIST)
  const slow = Promise.withResolvers<void>()
  sessionObjects.until = slow.promise
  for (let count = 0; count < 5; count += 1) await call(person, 'write', 'done')
  expect(newsOf(person)).toEqual([['a', LIST]])
  slow.resolve()
  await expect
    .poll(() => newsOf(person))
    .toEqual([
      ['a', LIST],
      ['a', LIST],
    ])
})

test('a session that cannot be told is in the log, and nothing waits for it or is kept', async () => {
  const said = vi.spyOn(console, 'warn')
  const person = await personWith('deaf', 'g1')
  await listening(person, 'a', 'g1', LIST)
  sessionObjects.areDown = true
  await call(person, 'write', 'done')
  await expect.poll(() => said.mock.calls.flat().join('\n')).toContain('"event":"session.not-told"')
  sessionObjects.areDown = false
  await call(person, 'write', 'done')
  expect(newsOf(person)).toHaveLength(2)
})
