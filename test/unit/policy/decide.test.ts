import { expect, test } from 'vitest'
import type { Question } from '#policy/question.ts'
import { document, listed, policyOf, question, rule } from './support.ts'
import { compilePolicy } from '#policy/compile.ts'

test.each(['allow', 'deny', 'hide'])('without rules the default %s holds', async (fallback) => {
  const policy = await policyOf([], { default: fallback })
  expect(policy.decide(question())).toEqual({ effect: fallback, rule: null, says: null, wouldDeny: [] })
})

test('the rule that decides is named with its sentence', async () => {
  const policy = await policyOf([rule('no-rename', { what: { kind: 'tool', name: 'renameTodo' } })])
  expect(policy.decide(question())).toEqual({
    effect: 'deny',
    rule: 'no-rename',
    says: 'Rule no-rename spoke.',
    wouldDeny: [],
  })
})

test.each([
  [['allow', 'approve', 'deny', 'hide'], 'hide'],
  [['allow', 'approve', 'deny'], 'deny'],
  [['allow', 'approve'], 'approve'],
  [['allow'], 'allow'],
] as const)('of %j, %s wins in any order', async (effects, winner) => {
  const rules = effects.map((effect) => rule(`a-${effect}`, { effect }))
  for (const order of [rules, rules.toReversed()]) {
    const policy = await policyOf(order, { default: 'deny' })
    expect(policy.decide(question())).toMatchObject({ effect: winner, rule: `a-${winner}` })
  }
})

test('of two rules with the same effect the first by id is named', async () => {
  const policy = await policyOf([rule('b'), rule('a'), rule('c')])
  expect(policy.decide(question()).rule).toBe('a')
})

test.each([
  ['an exact name', 'renameTodo', true],
  ['another case', 'RenameTodo', false],
  ['a part of the name', 'rename', false],
  ['a list', ['addTodo', 'renameTodo'], true],
  ['a glob', { glob: 'rename*' }, true],
  ['a regex', { regex: 'rename(Todo|List)' }, true],
  ['a regex over a part', { regex: 'rename' }, false],
])('a rule matches by name: %s', async (_, name, isMatch) => {
  const policy = await policyOf([rule('one', { what: { kind: 'tool', name } })])
  expect(policy.decide(question()).effect).toBe(isMatch ? 'deny' : 'allow')
})

test('a rule matches a subject by any of its names', async () => {
  const name = ['todo://{id}', 'todo://1']
  const policy = await policyOf([rule('one', { what: { kind: 'resource', name: 'todo://{id}' } })])
  const about = (...names: string[]) =>
    policy.explain(question({ subject: { app: 'todos', kind: 'resource', names } }))
  expect(about(...name).spoke).toHaveLength(1)
  expect(about('todo://1').spoke).toHaveLength(0)
})

test.each([
  ['user', [{ user: 'user-ada' }], true],
  ['another user', [{ user: 'user-bob' }], false],
  ['group', [{ group: 'staff' }], true],
  ['another group', [{ group: 'Staff' }], false],
  ['claim', [{ claim: 'department', is: 'sales' }], true],
  ['another value of the claim', [{ claim: 'department', is: 'sale' }], false],
  ['a claim that is not there', [{ claim: 'constructor', is: 'sales' }], false],
  ['one of several', [{ user: 'user-bob' }, { group: 'staff' }], true],
])('a rule means %s', async (_, who, isMeant) => {
  const policy = await policyOf([rule('one', { who })])
  expect(policy.decide(question()).effect).toBe(isMeant ? 'deny' : 'allow')
  expect(policy.explain(question()).spoke[0]?.verdict).toBe(isMeant ? 'matched' : 'other-who')
})

test('`any` is tools, prompts and resources, and never the connection', async () => {
  const policy = await policyOf([rule('one', { what: { kind: 'any' } })])
  const effectOf = (kind: Question['subject']['kind']) =>
    policy.decide(question({ subject: { app: 'todos', kind, names: ['x'] } })).effect
  expect(effectOf('tool')).toBe('deny')
  expect(effectOf('prompt')).toBe('deny')
  expect(effectOf('resource')).toBe('deny')
  expect(effectOf('server')).toBe('allow')
})

test('a rule of another app or kind does not speak', async () => {
  const policy = await policyOf([
    rule('other-app', { app: 'notes' }),
    rule('other-kind', { what: { kind: 'prompt' } }),
    rule('same-app', { app: { glob: 'to*' }, effect: 'hide' }),
  ])
  expect(policy.explain(question()).spoke.map(({ id }) => id)).toEqual(['same-app'])
})

test('an if that fails counts in hide, deny and approve, and not in allow', async () => {
  for (const effect of ['hide', 'deny', 'approve']) {
    const policy = await policyOf([rule('one', { effect, if: 'args.count > 1' })])
    expect(policy.decide(question()).effect).toBe(effect)
    expect(policy.explain(question()).spoke[0]).toMatchObject({ verdict: 'failed', counted: true })
  }
  const policy = await policyOf([rule('one', { effect: 'allow', if: 'args.count > 1' })], { default: 'deny' })
  expect(policy.decide(question())).toMatchObject({ effect: 'deny', rule: null })
  expect(policy.explain(question()).spoke[0]).toMatchObject({ verdict: 'failed', counted: false })
})

test('two rules with the same id are an error', async () => {
  const compiled = await compilePolicy(document([rule('one'), rule('one', { effect: 'allow' })]))
  expect(compiled).toEqual({ ok: false, error: ['rule one: another rule has the same id'] })
})

test('in a list what arguments decide is open', async () => {
  const policy = await policyOf([rule('one', { if: 'args.count > 1' })])
  expect(policy.decide(listed()).effect).toBe('allow')
  expect(policy.explain(listed()).spoke[0]).toMatchObject({ verdict: 'maybe', counted: false })
  expect(policy.decide(question({ args: { count: 2n } })).effect).toBe('deny')
  expect(policy.decide(question({ args: { count: 1n } })).effect).toBe('allow')
})

test('a rule can be about what writes, and a tool of which it is not known writes', async () => {
  const policy = await policyOf([rule('no-changes', { what: { kind: 'any', writes: true } })])
  const subject = { app: 'todos', names: ['name'] }
  const effectOf = (over: Partial<Question['subject']>) =>
    policy.decide(question({ subject: { ...subject, kind: 'tool', ...over } })).effect
  expect(effectOf({ writes: true })).toBe('deny')
  expect(effectOf({ writes: false })).toBe('allow')
  expect(effectOf({})).toBe('deny')
  expect(effectOf({ kind: 'resource' })).toBe('allow')
})
