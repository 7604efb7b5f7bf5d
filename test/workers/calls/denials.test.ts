import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { afterEach, expect, test } from 'vitest'
import { askAbout, HEAD } from '#harness/policy.ts'
import { MOST_LIVE_KEYS, MOST_WAITING } from '#users/bounds.ts'
import type { CallIntent } from '#users/calls/calls.ts'
import type { DenialReason } from '#users/calls/denials.ts'
import type { Entry } from '#users/calls/entry.ts'
import { begin, deniedCalls, FACTS, fillCalls, giveToken, intent, TOKEN, userWith } from './story.ts'
import { clock, config, operator } from './worker.ts'

type User = Awaited<ReturnType<typeof userWith>>

const NEEDS = { scopes: ['todo:read'], tool: 'addTodo', network: FACTS.network }
const SESSION = 'a'.repeat(64)

const call = (given: Partial<CallIntent> = {}): Entry['call'] => {
  const {
    grant: _grant,
    client: _client,
    policy: _policy,
    ask: _ask,
    ...intended
  } = intent({ facts: FACTS, ...given })
  return { ...intended, key: null }
}

const enter = (user: User, given: Partial<Entry> = {}) =>
  user.enter({
    grant: 'g1',
    token: TOKEN,
    audience: 'x',
    session: null,
    policy: HEAD,
    ask: askAbout('addTodo'),
    needs: NEEDS,
    call: call(),
    ...given,
  })

/** A call that ended, with the key that another one brings then. */
async function ended(user: User, outcome: 'done' | 'unknown' | null): Promise<void> {
  const first = await begin(user)
  if (first.verdict !== 'go') throw new Error(first.verdict)
  if (outcome !== null) await user.endCall(first.call, outcome, null)
}

const answer = (isDeclined: boolean) => ({
  client: 'client-a',
  nonce: 'nonce',
  endsAtSeconds: Math.floor(clock.nowMs / 1000) + 600,
  isDeclined,
})

afterEach(() => {
  operator.config = config
})

/** One way to each denial. The type has a row for every verdict that runs nothing. */
const DENIALS: Record<DenialReason, (user: User) => Promise<unknown>> = {
  bearer: (user) => enter(user, { token: 'made-up' }),
  ended: async (user) => {
    await user.endGrant('g1', 'ended_by_user')
    return enter(user)
  },
  too_many_requests: async (user) => {
    for (let count = 0; count < config.limits.requestsPerMinute; count += 1)
      await enter(user, { call: null, needs: null })
    return enter(user)
  },
  tenant: (user) => {
    operator.config = { ...config, pingone: { ...config.pingone, clientId: 'another' } }
    return enter(user)
  },
  session_closed: (user) => enter(user, { session: SESSION }),
  scope_missing: (user) => enter(user, { needs: { ...NEEDS, scopes: ['todo:write'] } }),
  repeat: async (user) => {
    await ended(user, 'done')
    return begin(user, { facts: FACTS })
  },
  running: async (user) => {
    await ended(user, null)
    return begin(user, { facts: FACTS })
  },
  unknown: async (user) => {
    await ended(user, 'unknown')
    return begin(user, { facts: FACTS })
  },
  mismatch: async (user) => {
    await ended(user, 'done')
    return begin(user, { facts: FACTS, argumentsDigest: 'other' })
  },
  declined: (user) => begin(user, { facts: FACTS, answer: answer(true) }),
  bad_answer: async (user) => {
    await begin(user, { key: null, answer: answer(false) })
    return begin(user, { facts: FACTS, key: null, answer: answer(false) })
  },
  too_many_keys: async (user) => {
    await fillCalls(user, MOST_LIVE_KEYS, `'k' || i, ${clock.nowMs + 1000}, NULL`)
    return begin(user, { facts: FACTS })
  },
  not_recorded: async (user) => {
    await fillCalls(user, MOST_WAITING, 'NULL, NULL, NULL')
    await evictDurableObject(user)
    return begin(user, { facts: FACTS })
  },
}

/** Their bearer is not accepted. */
const WITHOUT_CALL: ReadonlySet<string> = new Set<DenialReason>(['bearer', 'ended', 'too_many_requests'])
const denialsWhere = (isWithoutCall: boolean) =>
  Object.entries(DENIALS).filter(([reason]) => WITHOUT_CALL.has(reason) === isWithoutCall)

/** The only denial that this way leaves. */
async function denialOf(reason: string, deny: (user: User) => Promise<unknown>) {
  const user = await userWith(reason, 'g1')
  await giveToken(user)
  await deny(user)
  const [event, ...others] = await deniedCalls(user)
  expect(others).toEqual([])
  expect(event).toMatchObject({
    reason,
    count: 1,
    grant: 'g1',
    client: { id: 'client-a', givenName: 'Client' },
  })
  return event
}

test.each(denialsWhere(false))(
  'a call that is denied (%s) is an event that says what and why',
  async (...way) => {
    const event = await denialOf(...way)
    expect(event).toMatchObject({
      what: { kind: 'tool', name: 'addTodo' },
      network: FACTS.network,
      agent: FACTS.agent,
      session: FACTS.session,
      arguments: { plain: { list: 'work' }, personal: expect.stringMatching(/^v1\./), cut: ['note'] },
    })
    expect(JSON.stringify(event)).not.toContain('milk')
  },
)

test.each(denialsWhere(true))(
  'a bearer that is denied (%s) leaves nothing of its request',
  async (...way) => {
    const event = await denialOf(...way)
    for (const fact of ['what', 'arguments', 'network']) expect(event).not.toHaveProperty(fact)
  },
)

test('a call that the edge refuses is an event with its reason, behind every check of its bearer', async () => {
  const user = await userWith('edge', 'g1')
  await giveToken(user)
  const refused = { tool: 'addTodo', reason: 'bad_input', facts: FACTS }
  await enter(user, { call: null, refused })
  await enter(user, { call: null, refused, needs: { ...NEEDS, scopes: ['todo:write'] } })
  await enter(user, { call: null, refused, token: 'made-up' })
  expect((await deniedCalls(user)).map(({ reason }) => reason)).toEqual([
    'bad_input',
    'scope_missing',
    'bearer',
  ])
})

test('an expired bearer of the grant is denied like one that it does not know', async () => {
  const user = await userWith('expired', 'g1')
  await giveToken(user, 600)
  clock.nowMs += 600_000
  await enter(user)
  expect(await deniedCalls(user)).toMatchObject([{ reason: 'bearer', grant: 'g1', count: 1 }])
})

test('equal denials within a minute are one event that counts them', async () => {
  const user = await userWith('flood', 'g1')
  await giveToken(user)
  const began = new Date(clock.nowMs).toISOString()
  for (let count = 0; count < 50; count += 1) await enter(user, { token: `made-up-${count}` })
  clock.nowMs += 59_000
  await enter(user, { token: 'made-up' })
  const lastAt = new Date(clock.nowMs).toISOString()
  expect(await deniedCalls(user)).toMatchObject([{ reason: 'bearer', count: 51, at: began, lastAt }])
  clock.nowMs += 1000
  await enter(user, { token: 'made-up' })
  expect(await deniedCalls(user)).toMatchObject([{ count: 51 }, { count: 1 }])
})

test.each([
  ['a grant that is not there', { grant: 'g2' }],
  ['a bearer for another resource', { audience: 'https://other.example/mcp' }],
] satisfies [string, Partial<Entry>][])('%s leaves no event', async (what, given) => {
  const user = await userWith(what, 'g1')
  await giveToken(user)
  await enter(user, given)
  expect(await begin(user, { grant: 'g2' })).toEqual({ verdict: 'ended' })
  expect(await deniedCalls(user)).toEqual([])
})

test('the object of a stranger stores nothing of a denial', async () => {
  const user = await userWith('nobody')
  await enter(user)
  await begin(user)
  await user.endCall('no-call', 'done', '{}')
  const stored = await runInDurableObject(user, (_object, { storage }) => storage.list())
  expect(stored).toEqual(new Map())
})
