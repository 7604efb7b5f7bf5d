import { afterEach, expect, test } from 'vitest'
import { askAbout } from '#harness/policy.ts'
import type { CallFacts } from '#events/call-facts.ts'
import type { Switch } from '#policy/switches.ts'
import type { Entry } from '#users/calls/entry.ts'
import { allowAll, control, enforce, switchOf } from '../policies.ts'
import { begin, deniedCalls, giveToken, intent, newGrant, rowsOf, TOKEN, userWith } from './story.ts'
import { clock } from './worker.ts'

// Decision 17: bearer, tenant, switches and the connection, session, what is hidden, scopes, arguments, denials, the intent.
afterEach(allowAll)

const needs = { scopes: ['todo:read'], tool: 'addTodo', network: '192.0.2.0/24' }
const all = { kind: 'any' }

const entry = (given: Partial<Entry> = {}): Entry => {
  const { grant, client: _client, policy: _policy, ask, ...call } = intent()
  const bearer = { grant, token: TOKEN, audience: 'x', session: null }
  return { ...bearer, policy: control.head, ask, needs, call: { ...call, key: null }, ...given }
}

async function userOf(name: string, given: { refreshToken?: null } = {}) {
  const user = await userWith(name)
  await user.openGrant({ ...newGrant('g1'), ...given })
  await giveToken(user)
  return user
}

test('a call has its decision on record, and a denial has one of its own', async () => {
  const user = await userOf('decides')
  await enforce([{ id: 'allowed', what: all, effect: 'allow' }], { byDefault: 'deny' })
  expect(await user.enter(entry())).toMatchObject({ policy: null, start: { verdict: 'go' } })
  await enforce([{ id: 'denied', what: all, effect: 'deny' }])
  const denial = { reason: 'policy_denied', rule: 'denied', says: 'Ask the platform team.', opensAtMs: null }
  expect(await user.enter(entry())).toMatchObject({ policy: denial, start: null })
  expect(await rowsOf(user)).toHaveLength(1)
  const decision = { effect: 'deny', rules: ['denied'], policy: control.head?.policy }
  expect(await deniedCalls(user)).toMatchObject([
    { reason: 'policy_denied', what: { kind: 'tool', name: 'addTodo' }, decision },
  ])
})

test('denials of two rules, or of two documents, are two events', async () => {
  const user = await userOf('counts')
  for (const id of ['one', 'one', 'other']) {
    await enforce([{ id, what: all, effect: 'deny' }])
    await user.enter(entry())
  }
  expect(await deniedCalls(user)).toMatchObject([
    { count: 2, decision: { rules: ['one'] } },
    { count: 1, decision: { rules: ['other'] } },
  ])
})

const closed = { session: 'b'.repeat(64) }
const lacking = { needs: { ...needs, scopes: ['todo:write'] } }
const facts: CallFacts = {
  kind: 'tool',
  network: needs.network,
  agent: 'other',
  bytesIn: 1,
  scopes: [],
  arguments: {},
}
const unfit = { call: null, refused: { tool: 'addTodo', reason: 'bad_input', facts } }

test('the bearer comes first, also where nothing can be decided', async () => {
  const user = await userOf('first')
  const stranger = { token: 'made-up', policy: null }
  expect(await user.enter(entry(stranger))).toMatchObject({ bearer: null, policy: null })
})

test.each<[string, { rules?: object[]; switches?: Switch[]; isHeadless?: true }, string]>([
  ['a switch', { switches: [switchOf({ kind: 'user', value: 'before' })] }, 'switched_off'],
  [
    'a rule about the connection',
    { rules: [{ id: 'r', what: { kind: 'server' }, effect: 'deny' }] },
    'policy_no_access',
  ],
  ['no head', { isHeadless: true }, 'policy_unavailable'],
])('%s comes before the session, what is hidden and scopes', async (_what, given, reason) => {
  const user = await userOf('before')
  const { rules = [], switches = [], isHeadless = false } = given
  await enforce([...rules, { id: 'hidden', what: all, effect: 'hide' }], { switches })
  if (isHeadless) control.head = null
  const answer = await user.enter(entry({ ...closed, ...lacking }))
  expect(answer).toMatchObject({ policy: { reason }, missing: [], hidden: [], start: null })
})

test('what is hidden, and a switch of the subject, come before scopes; what is denied comes after arguments', async () => {
  const user = await userOf('order')
  await enforce([{ id: 'r', what: all, effect: 'hide' }])
  const hidden = { reason: 'policy_hidden', rule: null, says: null, opensAtMs: null }
  for (const given of [lacking, unfit, {}])
    expect(await user.enter(entry(given))).toMatchObject({ policy: hidden, missing: [], start: null })
  await enforce([], { switches: [switchOf({ kind: 'tool', value: 'addTodo' })] })
  expect(await user.enter(entry(lacking))).toMatchObject({ policy: { reason: 'switched_off' }, missing: [] })
  await enforce([{ id: 'r', what: all, effect: 'deny' }])
  expect(await user.enter(entry(lacking))).toMatchObject({ policy: null, missing: ['todo:write'] })
  expect(await user.enter(entry(unfit))).toMatchObject({ policy: null, missing: [], start: null })
  expect(await user.enter(entry())).toMatchObject({ policy: { reason: 'policy_denied' } })
  const reasons = new Set((await deniedCalls(user)).map(({ reason }) => reason))
  expect([...reasons].toSorted()).toEqual([
    'bad_input',
    'policy_denied',
    'policy_hidden',
    'scope_missing',
    'switched_off',
  ])
})

test('a list is told what is hidden from it, by place, in the same message', async () => {
  const user = await userOf('lists')
  await enforce([
    { id: 'hidden', what: { kind: 'tool', name: 'b' }, effect: 'hide' },
    { id: 'denied', what: { kind: 'tool', name: 'd' }, effect: 'deny' },
    { id: 'sometimes', what: { kind: 'tool', name: 'c' }, effect: 'deny', if: 'args.x == 1' },
  ])
  const list = ['a', 'b', 'c', 'd'].map((name) => ({ app: 'todos', kind: 'tool', names: [name] }) as const)
  const ask = { ...askAbout('none'), subject: null, args: null, list: [...list] }
  expect(await user.enter(entry({ ask, needs: null, call: null }))).toMatchObject({
    policy: null,
    hidden: [1, 3],
  })
})

const readsGroups = [{ id: 'staff', what: all, who: [{ group: 'staff' }], effect: 'deny' }]

test('claims that PingOne does not renew now are an outage, and nothing is recorded', async () => {
  const user = await userOf('renews')
  await enforce(readsGroups)
  expect(await user.enter(entry())).toMatchObject({ policy: { reason: 'policy_unavailable' }, start: null })
  expect(await begin(user, { policy: control.head })).toMatchObject({ verdict: 'unavailable' })
  expect([await rowsOf(user), await deniedCalls(user)]).toEqual([[], []])
  // What is not decided waits for no claims, and the grant lives on.
  const ping = { ask: { ...askAbout('none'), subject: null, args: null }, needs: null, call: null }
  expect(await user.enter(entry(ping))).toMatchObject({ policy: null, bearer: { client: 'client-a' } })
  await enforce([])
  expect(await user.enter(entry())).toMatchObject({ start: { verdict: 'go' } })
})

test('claims that nothing can renew end the grant, and never become a denial', async () => {
  const user = await userOf('ends', { refreshToken: null })
  await enforce(readsGroups)
  expect(await user.enter(entry())).toMatchObject({ bearer: null, ended: 'claims_too_old', policy: null })
  expect(await deniedCalls(user)).toEqual([])
})

test('a call that begins later is decided anew, and the answer of the user stays unused', async () => {
  const user = await userOf('later')
  const nowSeconds = Math.floor(clock.nowMs / 1000)
  const answer = { client: 'client-a', nonce: 'n', endsAtSeconds: nowSeconds + 60, isDeclined: false }
  await enforce([{ id: 'r', what: all, effect: 'deny' }])
  const denied = await begin(user, { answer, key: null, policy: control.head })
  expect(denied).toMatchObject({ verdict: 'denied', policy: { reason: 'policy_denied', rule: 'r' } })
  await enforce([])
  expect(await begin(user, { answer, key: null, policy: control.head })).toMatchObject({ verdict: 'go' })
  expect(await begin(user, { answer, key: null, policy: control.head })).toMatchObject({
    verdict: 'bad_answer',
  })
})

test('an open stream is over once a switch concerns its user or client', async () => {
  const user = await userOf('streams')
  const isOpen = (...switches: Switch[]) => user.hasToken('g1', TOKEN, switches)
  expect(await isOpen()).toBe(true)
  expect(await isOpen(switchOf({ kind: 'client', value: 'client-b' }))).toBe(true)
  expect(await isOpen(switchOf({ kind: 'everything' }, { untilMs: clock.nowMs }))).toBe(true)
  expect(await isOpen(switchOf({ kind: 'user', value: 'streams' }))).toBe(false)
  expect(await isOpen(switchOf({ kind: 'client', value: 'client-a' }))).toBe(false)
  expect(await isOpen(switchOf({ kind: 'everything' }))).toBe(false)
})
