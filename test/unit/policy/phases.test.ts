import { expect, test } from 'vitest'
import type { Question } from '#policy/question.ts'
import { listed, policyOf, problemsOf, question, rule, type RuleInput } from './support.ts'

const effects = async (rules: RuleInput[], fallback: string, over: Partial<Question> = {}) => {
  const policy = await policyOf(rules, { default: fallback })
  return { list: policy.decide(listed(over)).effect, call: policy.decide(question(over)).effect }
}

const NIGHT = 'now.getHours() < 8'

test.each(['args.count > 1', NIGHT, 'request.transport == "session"', 'user.acr == "strong"'])(
  'in a list, %s only says what is possible',
  async (source) => {
    // The condition is false now, or fails; at another call it can be true.
    const allowed = rule('some', { effect: 'allow', if: source })
    expect((await effects([allowed], 'deny')).list).toBe('allow')
    expect((await effects([allowed], 'hide')).list).toBe('allow')
    // The condition may be false at a call, so it denies nothing in a list.
    for (const effect of ['deny', 'approve'])
      expect((await effects([rule('some', { effect, if: `!(${source})` })], 'allow')).list).toBe('allow')
  },
)

test.each([
  'user.id == "user-ada"',
  '"staff" in user.groups',
  '"sales" in user.claims.department',
  'client.kind == "document"',
])('in a list, %s is known', async (source) => {
  for (const effect of ['hide', 'deny', 'approve']) {
    const { list, call } = await effects([rule('some', { effect, if: source })], 'allow')
    expect([list, call]).toEqual([effect, effect])
  }
  const { list } = await effects([rule('some', { effect: 'allow', if: `!(${source})` })], 'deny')
  expect(list).toBe('deny')
})

test.each([NIGHT, 'request.transport == "session"', 'user.acr == "strong"'])(
  'what hides by %s is decided with the list',
  async (source) => {
    expect(await effects([rule('some', { effect: 'hide', if: source })], 'allow')).toEqual({
      list: 'allow',
      call: 'allow',
    })
    expect(await effects([rule('some', { effect: 'hide', if: `!(${source})` })], 'allow')).toEqual({
      list: 'hide',
      call: 'hide',
    })
  },
)

test('what hides by arguments hides nothing in a list', async () => {
  const hidden = rule('some', { effect: 'hide', if: 'args.count > 1' })
  expect(await effects([hidden], 'allow', { args: { count: 2n } })).toEqual({ list: 'allow', call: 'hide' })
})

test('a condition that fails in a list counts as in a call', async () => {
  const failing = 'user.claims.level == ["1"]'
  for (const effect of ['hide', 'deny', 'approve'])
    expect((await effects([rule('some', { effect, if: failing })], 'allow')).list).toBe(effect)
  expect((await effects([rule('some', { effect: 'allow', if: failing })], 'deny')).list).toBe('deny')
})

test('a certain deny stands in a list above a possible allow', async () => {
  const rules = [rule('a', { effect: 'allow', if: 'args.count > 1' }), rule('b')]
  expect((await effects(rules, 'allow')).list).toBe('deny')
})

test('a possible allow is the rule that decides a list', async () => {
  const policy = await policyOf([rule('b', { effect: 'allow', if: NIGHT }), rule('c', { effect: 'allow' })], {
    default: 'deny',
  })
  expect(policy.decide(listed()).rule).toBe('b')
  expect(policy.explain(listed()).spoke).toEqual([
    { id: 'b', effect: 'allow', mode: 'enforce', verdict: 'maybe', counted: true },
    { id: 'c', effect: 'allow', mode: 'enforce', verdict: 'matched', counted: true },
  ])
})

test.each(['hide', 'deny', 'approve'])('a %s in shadow is recorded and changes nothing', async (effect) => {
  const policy = await policyOf([
    rule('z', { effect, mode: 'shadow' }),
    rule('b', { effect, mode: 'shadow', if: 'args.count > 1' }),
    rule('c', { effect, mode: 'shadow', if: 'args.count < 1' }),
    rule('d', { effect: 'allow', mode: 'shadow' }),
    rule('e', { effect, mode: 'shadow', who: [{ user: 'user-bob' }] }),
    rule('f', { effect, mode: 'shadow', if: 'args.missing == 1' }),
  ])
  const asked = question({ args: { count: 2n } })
  expect(policy.decide(asked)).toEqual({
    effect: 'allow',
    rule: null,
    says: null,
    wouldDeny: ['b', 'f', 'z'],
  })
  expect(policy.explain(asked).spoke.every(({ counted }) => !counted)).toBe(true)
  // In a list it is not known whether b, c and f would.
  expect(policy.decide(listed()).wouldDeny).toEqual(['z'])
})

test('what is denied anyway records no shadow', async () => {
  const policy = await policyOf([rule('a', { mode: 'shadow' }), rule('b')])
  expect(policy.decide(question())).toMatchObject({ effect: 'deny', rule: 'b', wouldDeny: [] })
  expect(
    (await policyOf([rule('a', { mode: 'shadow' })], { default: 'deny' })).decide(question()).wouldDeny,
  ).toEqual([])
})

test('an allow in shadow allows nothing', async () => {
  const policy = await policyOf([rule('a', { effect: 'allow', mode: 'shadow' })], { default: 'hide' })
  expect(policy.decide(question())).toEqual({ effect: 'hide', rule: null, says: null, wouldDeny: [] })
})

const connecting = (over: Partial<Question> = {}) =>
  question({ subject: { app: 'server', kind: 'server', names: ['mcp'] }, ...over })
const server = (id: string, over: RuleInput = {}) => rule(id, { what: { kind: 'server' }, ...over })

test.each(['allow', 'deny', 'hide'])('with the default %s, connecting is allowed', async (fallback) => {
  const policy = await policyOf([rule('one', { what: { kind: 'any' } })], { default: fallback })
  expect(policy.decide(connecting())).toEqual({ effect: 'allow', rule: null, says: null, wouldDeny: [] })
  expect(policy.hasServerRules).toBe(false)
})

test('a deny of kind server denies whom it means', async () => {
  const policy = await policyOf([server('no-bob', { who: [{ user: 'user-bob' }] })])
  expect(policy.decide(connecting()).effect).toBe('allow')
  const bob = { ...question().user, id: 'user-bob' }
  expect(policy.decide(connecting({ user: bob }))).toMatchObject({ effect: 'deny', rule: 'no-bob' })
  expect(policy.decide(question({ user: bob })).effect).toBe('allow')
  expect(policy.hasServerRules).toBe(true)
})

test('where an allow of kind server is enforced, everyone else is denied', async () => {
  const policy = await policyOf([server('staff', { effect: 'allow', who: [{ group: 'staff' }] })])
  expect(policy.decide(connecting())).toMatchObject({ effect: 'allow', rule: 'staff' })
  const stranger = { ...question().user, groups: [] }
  expect(policy.decide(connecting({ user: stranger }))).toEqual({
    effect: 'deny',
    rule: null,
    says: null,
    wouldDeny: [],
  })
  expect(policy.decide(question({ user: stranger })).effect).toBe('allow')
})

test('an allow of kind server whose if is false or fails lets nobody else in', async () => {
  for (const source of ['user.id == "x"', 'user.claims.level == ["1"]']) {
    const policy = await policyOf([server('some', { effect: 'allow', if: source })])
    expect(policy.decide(connecting()).effect).toBe('deny')
  }
})

test('in shadow an allow of kind server closes nothing, and a deny is recorded', async () => {
  const policy = await policyOf([
    server('a', { effect: 'allow', mode: 'shadow', who: [{ group: 'x' }] }),
    server('b', { mode: 'shadow' }),
  ])
  expect(policy.decide(connecting())).toEqual({ effect: 'allow', rule: null, says: null, wouldDeny: ['b'] })
  expect(policy.hasServerRules).toBe(true)
})

test('connecting opens with the time as anything else', async () => {
  const policy = await policyOf([server('day', { effect: 'allow', if: 'now.getHours() >= 10' })])
  expect(policy.opensAtMs(connecting())).toBe(Date.parse('2026-11-30T10:00:00Z'))
})

test.each([
  [rule('a', { who: [{ user: 'x' }] }), false],
  [rule('a', { who: [{ user: 'x' }, { group: 'x' }] }), true],
  [rule('a', { who: [{ claim: 'x', is: 'y' }] }), true],
  [rule('a', { if: 'user.id == "x"' }), false],
  [rule('a', { if: '"x" in user.groups' }), true],
  [rule('a', { if: 'has(user.claims.x)' }), true],
  [rule('a', { if: 'has(user.claims.x)', mode: 'shadow' }), true],
  [rule('a'), false],
])('whether %j reads groups or claims is known', async (one, expected) => {
  expect((await policyOf([one])).readsClaims).toBe(expected)
})

test('the policy carries the age that its claims may have', async () => {
  expect((await policyOf([])).claimsMaxAgeSeconds).toBe(3600)
  expect((await policyOf([], { claimsMaxAgeSeconds: 60 })).claimsMaxAgeSeconds).toBe(60)
})

test('the rules that spoke stand in the order of the document, each once', async () => {
  const names = ['todo://1', 'todo://{id}', { glob: 'todo://*' }]
  const policy = await policyOf([
    rule('z', { what: { kind: 'resource', name: { glob: '**' } } }),
    rule('c', { what: { kind: 'resource', name: 'todo://{id}' } }),
    rule('x', { what: { kind: 'resource', name: 'todo://2' } }),
    rule('b', { what: { kind: 'resource', name: names } }),
    rule('a', { what: { kind: 'resource', name: ['todo://{id}', 'todo://1'] } }),
    rule('d', { what: { kind: 'any' } }),
  ])
  const subject = { app: 'todos', kind: 'resource', names: ['todo://1', 'todo://{id}'] } as const
  expect(policy.explain(question({ subject })).spoke.map(({ id }) => id)).toEqual(['z', 'c', 'b', 'a', 'd'])
})

test('several rules with one exact name all speak, and a pattern needs one of the names', async () => {
  const policy = await policyOf([
    rule('a', { what: { kind: 'resource', name: 'todo://1' } }),
    rule('b', { what: { kind: 'resource', name: 'todo://1' } }),
    rule('c', { what: { kind: 'resource', name: ['todo://1', { glob: 'x' }] } }),
    rule('d', { what: { kind: 'resource', name: { regex: 'todo://[0-9]' } } }),
  ])
  const subject = { app: 'todos', kind: 'resource', names: ['todo://1', 'todo://{id}'] } as const
  expect(policy.explain(question({ subject })).spoke.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd'])
})

test('one rule among others makes a policy read claims and concern the connection', async () => {
  const policy = await policyOf([server('a'), rule('b', { who: [{ group: 'staff' }] })])
  expect([policy.readsClaims, policy.hasServerRules]).toEqual([true, true])
})

test.each([
  ['app', { app: { regex: '(' } }, 'rule one: the expression "(" is not in RE2 syntax: '],
  [
    'name',
    { what: { kind: 'tool', name: { regex: '(' } } },
    'rule one: the expression "(" is not in RE2 syntax: ',
  ],
  ['if', { if: 'args.a.matches("a")' }, 'rule one: if: matches() is refused'],
])('a rule with a wrong %s alone is refused', async (_, over, sentence) => {
  const problems = await problemsOf(rule('one', over))
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(sentence)
})
