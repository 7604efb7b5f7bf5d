import { expect, test } from 'vitest'
import { ConditionCompiler, typeProblem } from '#policy/condition.ts'
import { factsOf } from '#policy/facts.ts'
import type { CelValue, Question } from '#policy/question.ts'
import { question } from './support.ts'

const compile = (source: string) => new ConditionCompiler().compile(source)

/** Throws with what is wrong with a condition that cannot be used. */
function compiled(source: string) {
  const condition = compile(source)
  if (!condition.ok) throw new Error(condition.error.join('\n'))
  return condition.value
}

const holds = (source: string, over: Partial<Question> = {}) =>
  compiled(source).holds(factsOf(question(over)))
const holdsFor = (source: string, args: Record<string, CelValue>) => holds(source, { args })

/** The first thing that is wrong; null: nothing. */
function problem(source: string): string | null {
  const condition = compile(source)
  return condition.ok ? null : (condition.error[0] ?? '')
}

const ARGS = {
  count: 3n,
  ratio: 2.5,
  whole: 3,
  title: 'Buy milk',
  tags: ['home', 'shop'],
  items: [
    { name: 'a', price: 10n },
    { name: 'b', price: 20n },
  ],
  nested: { deep: { value: 1n } },
  nothing: null,
}

test.each([
  ['args.count == 3', true],
  ['args.count > 2', true],
  ['args.count < 2.5', false],
  ['args.count == 3.0', true],
  ['args.count % 2 == 1', true],
  ['args.count + 1 == 4', true],
  ['args.ratio > 2', true],
  ['args.ratio == 2.5', true],
  ['args.ratio * 2.0 == 5.0', true],
  ['args.whole == 3', true],
  ['args.whole <= 3', true],
  ['args.count in [1, 2, 3]', true],
  ['args.whole in [1, 2, 3]', true],
  ['args.title.startsWith("Buy")', true],
  ['args.title.endsWith("k")', true],
  ['args.title.contains("milk")', true],
  ['args.title.contains("Milk")', false],
  ['args.title.lowerAscii() == "buy milk"', true],
  ['args.title.upperAscii() == "BUY MILK"', true],
  ['args.title.substring(4) == "milk"', true],
  ['(" " + args.title).trim() == args.title', true],
  ['size(args.title) == 8', true],
  ['args.tags.size() == 2', true],
  ['"home" in args.tags', true],
  ['args.tags[0] == "home"', true],
  ['args.tags == ["home", "shop"]', true],
  ['args.items.all(i, i.price < 21)', true],
  ['args.items.exists(i, i.name == "b")', true],
  ['args.items.exists_one(i, i.price > 15)', true],
  ['size(args.items.filter(i, i.price > 15)) == 1', true],
  ['args.items.map(i, i.name) == ["a", "b"]', true],
  ['args.items.exists(i, i.name in ["b", "c"])', true],
  ['args.tags.exists(t, t in user.groups)', false],
  ['args.nested.deep.value == 1', true],
  ['has(args.nested.deep)', true],
  ['has(args.nested.shallow)', false],
  ['has(args.due)', false],
  ['!has(args.due) || args.due == "now"', true],
  ['args.nothing == null', true],
  ['args.title == null', false],
  ['args.count > 2 ? true : false', true],
  ['-args.count < 0', true],
  ['string(args.count) == "3"', true],
  ['int("3") == args.count', true],
  ['double(args.count) == 3.0', true],
  ['bool("true")', true],
  ['{"a": 1}.a == 1', true],
])('%s is %s', (source, expected) => {
  expect(holdsFor(source, ARGS)).toBe(expected)
})

test.each([
  'args.due == "now"',
  'args.due.x == 1',
  'has(args.due.x)',
  'args.title > 3',
  'args.title.size() > args.title',
  'args.ratio + 1 > 3.0',
  'args.whole % 2 == 1',
  'args.count / 0 == 1',
  'args.count + 9223372036854775807 > 0',
  'args.title',
  'args.count.contains("3")',
  'args.tags[7] == "x"',
  'args.items.all(i, i.weight < 3)',
  'int(args.title) > 3',
  'timestamp(args.title) < now',
  '!args.title',
  'args.count ? true : false',
  'user.claims.level == ["1"]',
])('%s fails', (source) => {
  expect(holdsFor(source, ARGS)).toBe('failed')
})

test.each([
  ['user.id == "user-ada"', true],
  ['"staff" in user.groups', true],
  ['user.groups.exists(g, g == "staff")', true],
  ['user.acr == "policy-1"', true],
  ['"sales" in user.claims.department', true],
  ['user.claims["department"] == ["sales"]', true],
  ['"department" in user.claims', true],
  ['has(user.claims.department)', true],
  ['has(user.claims.constructor)', false],
  ['client.id.startsWith("https://client.example/")', true],
  ['client.domain == "client.example"', true],
  ['client.kind == "document"', true],
  ['request.network == "192.0.2.0/24"', true],
  ['request.authAgeSeconds < 300', true],
  ['request.authAgeSeconds / 60 == 2', true],
  ['request.transport == "stateless"', true],
])('%s is %s of who asks', (source, expected) => {
  expect(holds(source)).toBe(expected)
})

test('an age of a sign-in that is no whole number compares as a double', () => {
  const request = { ...question().request, authAgeSeconds: Infinity }
  expect(holds('request.authAgeSeconds > 300', { request })).toBe(true)
  expect(holds('request.authAgeSeconds < 300', { request: { ...request, authAgeSeconds: NaN } })).toBe(false)
})

test('optional arguments are read after has()', () => {
  const source = 'has(args.count) && args.count > 2'
  expect(holdsFor(source, {})).toBe(false)
  expect(holdsFor(source, { count: 3n })).toBe(true)
  expect(holdsFor('args.count > 2', {})).toBe('failed')
})

test('re() searches in linear time, where a backtracking search takes years', () => {
  expect(holdsFor('re(args.title, "^Buy (milk|bread)$")', ARGS)).toBe(true)
  expect(holdsFor('re(args.title, "milk")', ARGS)).toBe(true)
  expect(holdsFor('re(args.title, "^milk")', ARGS)).toBe(false)
  expect(holdsFor('re(args.count, "3")', ARGS)).toBe('failed')
  expect(holdsFor('re(args.text, "^(a+)+$")', { text: `${'a'.repeat(100_000)}b` })).toBe(false)
  expect(holdsFor('args.tags.all(t, re(t, "^[a-z]+$"))', ARGS)).toBe(true)
})

test('an own member of an argument is never taken for one of the language', () => {
  const args = { record: { constructor: 'a', ['__proto__']: 'b', toString: 'c' } }
  expect(holdsFor('args.record.constructor == "a"', args)).toBe(true)
  expect(holdsFor('args.record == args.record', args)).toBe(true)
  expect(holdsFor('has(args.record.hasOwnProperty)', args)).toBe(false)
  expect(holdsFor('"valueOf" in args.record', args)).toBe(false)
})

test('lists and objects are read five levels deep, and what is deeper fails', () => {
  const args = { a: [{ b: [{ c: 1n }] }], d: [[[[[[1n]]]]]] }
  expect(holdsFor('args.a[0].b[0].c == 1', args)).toBe(true)
  expect(holdsFor('args.d[0][0][0][0][0][0] == 1', args)).toBe('failed')
  expect(holdsFor('args.d == args.d', args)).toBe('failed')
})

test.each([
  ['args.count > ', 'syntax error: '],
  ['person.name == "x"', 'unknown variable person: there are args, user, client, request and now'],
  ['constructor == 1', 'unknown variable constructor'],
  ['int == 1', 'unknown variable int'],
  ['size(args) > 1', 'args must be followed by a name, as in args.title'],
  ['"x" in args', 'args must be followed by a name'],
  ['user == user', 'user must be followed by a name, as in user.id'],
  ['client == client', 'client must be followed by a name, as in client.id'],
  ['now', 'now can be compared, subtracted, and asked for a part of its time'],
  ['now.ms == 1', 'now has no field ms'],
  ['user.email == "x"', 'user has no field email: there are id, groups, claims, acr'],
  ['user["email"] == "x"', 'user has no field email'],
  ['user[args.title] == "x"', 'user must be followed by a name'],
  ['request.ip == "x"', 'request has no field ip: there are network, authAgeSeconds, transport'],
  ['user.claims == user.claims', 'user.claims must be followed by the name of a claim'],
  ['args.title in user.claims', 'user.claims must be followed by the name of a claim'],
  ['user.claims[args.title] == ["x"]', 'user.claims must be followed by the name of a claim'],
  ['args.title.matches("a")', 'matches() is refused: use re(text, pattern), which takes linear time'],
  ['re(args.title, args.pattern)', 'the pattern of re(text, pattern) must be a literal text'],
  ['re(args.title, "a" + "b")', 'the pattern of re(text, pattern) must be a literal text'],
  ['re(args.title, "a(")', 'the expression "a(" is not in RE2 syntax: '],
  ['re(args.title, "(a{100}){9}")', 'the expression "(a{100}){9}" is too large'],
  ['re(args.title)', 'the function re() is not available'],
  ['args.tags.all(t, args.items.all(i, i.name == t))', 'a macro inside a macro is refused: all()'],
  ['user.groups.all(t, user.groups.exists(g, g == t))', 'a macro inside a macro is refused: exists()'],
  ['args.tags.map(t, t + t).all(t, t == "a")', 'a macro inside a macro is refused: map()'],
  ['args.tags.all(t, t == args.title)', 'args.title cannot be read inside a macro over arguments'],
  ['args.tags.all(t, has(args.title))', 'args.title cannot be read inside a macro over arguments'],
  ['args.tags.all(user, user == "a")', 'the variable of all() cannot be named user'],
  ['args.tags.all("t", true)', 'all(var, predicate) invalid predicate iteration variable'],
  ['args.tags.all(t, u == t)', 'unknown variable u'],
  ['args.tags.all(t, true) && t == "a"', 'unknown variable t'],
  ['cel.bind(x, args.title, x == x)', 'the method bind() is not available'],
  ['args.title.contains(args.part)', 'the text that contains() looks for cannot come from arguments'],
  ['args.tags.all(t, t.contains(t))', 'the text that contains() looks for cannot come from arguments'],
  ['args.title in args.tags', 'both sides of `in` cannot come from arguments'],
  ['args.tags.all(t, t in t)', 'both sides of `in` cannot come from arguments'],
  ['duration(args.title) > duration("1h")', 'the text of duration() must be a literal'],
  ['args.title.split(",") == ["a"]', 'the method split() is not available'],
  ['args.tags.join(",") == "a"', 'the method join() is not available'],
  ['bytes(args.title) == b"a"', 'the function bytes() is not available'],
  ['type(args.title) == type("a")', 'the function type() is not available'],
  ['timestamp("2026-11-30") < now', 'timestamp("2026-11-30") is not a time with its zone'],
  ['timestamp("2026-11-30T08:00:00") < now', 'timestamp("2026-11-30T08:00:00") is not a time with its zone'],
  [
    'timestamp("2026-13-30T08:00:00Z") < now',
    'timestamp("2026-13-30T08:00:00Z") is not a time with its zone',
  ],
  ['now.getHours("Europe/Atlantis") > 8', 'unknown time zone "Europe/Atlantis"'],
  ['now.getHours(args.zone) > 8', 'the time zone of getHours() must be a literal text'],
  ['timestamp(args.due).getHours("Europe/Berlin") > 8', 'getHours() takes a time zone only of now'],
  ['timestamp(args.due).getDayOfYear() > 8', 'getDayOfYear() can be asked only of now'],
  ['args.count + 1', 'it must be a bool, and is of type int'],
  ['"a" == 1', 'no such overload: string == int'],
  [`${'['.repeat(60)}${']'.repeat(60)} == []`, 'it is too large: '],
])('%s is refused', (source, sentence) => {
  expect(problem(source)).toContain(sentence)
})

test('a condition has at most 200 nodes', () => {
  const withNodes = (terms: number) => Array.from({ length: terms }, () => '1').join('+')
  expect(problem(`${withNodes(99)} == 1`)).toBeNull()
  expect(problem(`${withNodes(101)} == 1`)).toContain('Exceeded maxAstNodes (200)')
})

test('a macro over the groups of the user can read arguments', () => {
  const source = 'user.groups.exists(g, g == args.team || args.teams.size() == 0 || args.title.contains(g))'
  expect(holdsFor(source, { team: 'staff', teams: ['a'], title: '' })).toBe(true)
})

test('a variable of a macro can have the name of a field', () => {
  expect(holdsFor('args.tags.exists(id, id == "home")', ARGS)).toBe(true)
})

test('what a condition reads is known', () => {
  const { reads } = compiled(
    'args.title == "a" && args["due-date"] == "b" && "x" in user.groups && user.claims.level == ["1"] && ' +
      '"region" in user.claims && user.claims["https://a.example"] == ["1"]',
  )
  expect(reads).toEqual({
    args: new Set(['title', 'due-date']),
    now: false,
    request: false,
    acr: false,
    groups: true,
    claims: new Set(['level', 'region', 'https://a.example']),
    client: false,
  })
})

test.each([
  ['user.id == "a"', {}],
  ['user.acr == "a"', { acr: true }],
  ['client.domain == "a"', { client: true }],
  ['request.network == "a"', { request: true }],
  ['now.getHours() > 8', { now: true }],
  ['now > timestamp("2026-11-30T08:00:00Z")', { now: true }],
  ['now - duration("1h") > timestamp("2026-11-30T08:00:00Z")', { now: true }],
  ['args.items.all(i, i.at > 3)', { args: new Set(['items']) }],
  ['has(args.due)', { args: new Set(['due']) }],
])('%s reads only that', (source, expected) => {
  const nothing = { args: new Set(), now: false, request: false, acr: false, groups: false }
  expect(compiled(source).reads).toEqual({ ...nothing, claims: new Set(), client: false, ...expected })
})

test('a condition checks against the types of one tool', () => {
  const types = {
    title: { type: 'string', isOptional: false },
    count: { type: 'int', isOptional: true },
    ratio: { type: 'double', isOptional: false },
    tags: { type: { list: 'string' }, isOptional: false },
    place: { type: { map: { city: { type: 'string', isOptional: false } } }, isOptional: false },
    items: { type: { list: { map: {} } }, isOptional: false },
    anything: { type: 'dyn', isOptional: false },
  } as const
  expect(typeProblem('args.title == "a" && args.count > 1 && args.place.city == "x"', types)).toBeNull()
  expect(typeProblem('args.items.all(i, i.name == 3) && args.anything.x == 1', types)).toBeNull()
  expect(typeProblem('now.getHours() > 8 && "a" in user.groups && re(args.title, "a")', types)).toBeNull()
  expect(typeProblem('args.anything', types)).toBeNull()
  expect(typeProblem('args.title == 1', types)).toBe('no such overload: string == int')
  expect(typeProblem('args.titel == "a"', types)).toBe('No such key: titel')
  expect(typeProblem('args.place.town == "a"', types)).toBe('No such key: town')
  expect(typeProblem('1 in args.tags', types)).toContain('no such overload')
  expect(typeProblem('user.groups == "a"', types)).toContain('no such overload')
  expect(typeProblem('args.title', types)).toBe('it must be a bool, and is of type string')
})
