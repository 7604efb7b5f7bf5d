import { expect, test } from 'vitest'
import { Rule } from '#policy/document.ts'
import { coversScope, coversWho, isDisjoint, isMeant, scopeOf } from '#policy/rule-scope.ts'
import { type RuleInput, rule } from './support.ts'

const scope = (over: RuleInput) => scopeOf(Rule.parse(rule('one', over)))
const what = (kind: string, over: RuleInput = {}) => ({ what: { kind, ...over } })
const named = (...name: unknown[]) => what('tool', { name })
const who = (...alternatives: object[]) => ({ ...what('tool'), who: alternatives })
const [ada, grace] = [{ user: 'ada' }, { user: 'grace' }]
const [staff, guests] = [{ group: 'staff' }, { group: 'guests' }]
const glob = (text: string) => ({ glob: text })
const names = (count: number) => Array.from({ length: count }, (_none, at) => `name${at}`)

test.each([
  ['itself', what('tool'), what('tool')],
  ['one of its kinds', what('any'), what('tool')],
  ['another of its kinds', what('any'), what('prompt')],
  ['the last of its kinds', what('any'), what('resource')],
  ['a name', what('tool'), named('a')],
  ['some of its names', named('a', 'b'), named('b')],
  ['the same glob', named(glob('a*'), glob('b*')), named(glob('b*'))],
  ['names that its globs match', named(glob('a*'), glob('b*')), named('ab', 'ba')],
  ['a name that it has among globs', named('c', glob('a*')), named('ab', 'c')],
  ['the same app', { ...what('tool'), app: 'a' }, { ...what('tool'), app: 'a' }],
  ['an app that it matches', { ...what('tool'), app: glob('a*') }, { ...what('tool'), app: 'ab' }],
  ['only what writes', what('tool'), what('tool', { writes: true })],
  ['what writes too', what('tool', { writes: true }), what('tool', { writes: true })],
  ['what only reads too', what('tool', { writes: false }), what('tool', { writes: false })],
  ['some users', what('tool'), who(ada)],
  ['some of its users', who(ada, staff), who(staff)],
  ['ten names of ten globs', named(...names(10).map(glob)), named(...names(10))],
])('a rule covers %s', (_what, wide, narrow) => {
  expect(coversScope(scope(wide), scope(narrow))).toBe(true)
})

test.each([
  ['another kind', what('prompt'), what('tool')],
  ['more kinds', what('tool'), what('any')],
  ['connecting', what('any'), what('server')],
  ['all names', named(glob('**')), what('tool')],
  ['a name that is not its own', named('a', 'b'), named('b', 'c')],
  ['a name that its glob does not match', named(glob('a*')), named('ab', 'ba')],
  ['another glob, though it looks like a name of its own', named(glob('**')), named(glob('a'))],
  ['all apps', { ...what('tool'), app: 'a' }, what('tool')],
  ['what reads, if it is about what writes', what('tool', { writes: true }), what('tool', { writes: false })],
  ['everything, if it is about what writes', what('tool', { writes: true }), what('tool')],
  ['everything, if it is about what reads', what('tool', { writes: false }), what('tool')],
  ['everyone', who(ada), what('tool')],
  ['another user', who(ada), who(grace)],
  ['more users', who(ada, staff), who(staff, guests)],
  ['a group with the name of a user', who({ user: 'staff' }), who(staff)],
  ['an expression that cannot be compiled', named({ regex: '(' }), named('a')],
])('a rule does not cover %s', (_what, wide, narrow) => {
  expect(coversScope(scope(wide), scope(narrow))).toBe(false)
})

test('longer lists are compared only letter by letter, so what a glob matches is not obvious', () => {
  const wide = scope(named(...names(11).map(glob)))
  expect(coversScope(wide, scope(named(...names(10))))).toBe(false)
  expect(coversScope(wide, scope(named(...names(11).map(glob))))).toBe(true)
})

test('who is meant is compared whatever the order', () => {
  const claim = { claim: 'team', is: 'a' }
  expect(coversWho({ who: [claim, ada] }, { who: [{ is: 'a', claim: 'team' }] })).toBe(true)
  expect(coversWho({ who: [claim] }, { who: [claim, ada] })).toBe(false)
  expect(coversWho({ who: [claim] }, {})).toBe(false)
  expect(coversWho({}, { who: [claim] })).toBe(true)
})

test.each([
  [who(ada), who(grace), true],
  [who(ada), who(grace, ada), false],
  [who(grace, ada), who(ada), false],
  [who(ada, grace), who(staff), false],
  [who(staff), who(ada), false],
  [who(ada, staff), who(grace), false],
  [who(ada), who(grace, staff), false],
  [what('tool'), who(ada), false],
  [who(ada), what('tool'), false],
])('%j and %j are for different users: %s', (one, other, disjoint) => {
  expect(isDisjoint(scope(one).rule, scope(other).rule)).toBe(disjoint)
})

test('a name is meant by any of the patterns, and by all if there are none', () => {
  expect(isMeant(null, 'a')).toBe(true)
  expect(isMeant(scope(named('b', glob('a*'))).name, 'ab')).toBe(true)
  expect(isMeant(scope(named('b', glob('a*'))).name, 'ba')).toBe(false)
})
