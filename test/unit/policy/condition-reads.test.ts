import { expect, test } from 'vitest'
import { ConditionCompiler, typeProblem } from '#policy/condition.ts'
import { factsOf } from '#policy/facts.ts'
import { question } from './support.ts'

function argumentsOf(source: string): string[] {
  const condition = new ConditionCompiler().compile(source)
  if (!condition.ok) throw new Error(condition.error.join('\n'))
  return [...condition.value.reads.args].toSorted()
}

test.each([
  ['args.a.startsWith(args.b)', ['a', 'b']],
  ['args.a.substring(args.b) == args.c', ['a', 'b', 'c']],
  ['args.a.contains("x") && args.b.contains(user.id)', ['a', 'b']],
  ['re(args.a, "x")', ['a']],
  ['size(args.a) == args.b.size()', ['a', 'b']],
  ['args.a in user.groups', ['a']],
  ['"x" in args.a', ['a']],
  ['3 in args.a', ['a']],
  ['[args.a, args.b] == ["x", "y"]', ['a', 'b']],
  ['{"k": args.a}.k == {"k": args.b}["k"]', ['a', 'b']],
  ['{args.a: 1}["x"] == 1', ['a']],
  ['args.a[args.b] == 1', ['a', 'b']],
  ['args.a ? args.b : args.c', ['a', 'b', 'c']],
  ['!args.a || -args.b < 0', ['a', 'b']],
  ['timestamp(args.a) < now', ['a']],
  ['timestamp(args.a).getHours() == int(args.b)', ['a', 'b']],
  ['args.a.filter(x, x == user.id).size() == 1', ['a']],
  ['user.groups.exists(g, g.startsWith(args.a))', ['a']],
  ['user.groups.map(g, g == args.a, args.b) == ["x"]', ['a', 'b']],
])('%s reads %j', (source, expected) => {
  expect(argumentsOf(source)).toEqual(expected)
})

test.each([
  ['now.ms == 1', 'now has no field ms'],
  ['client.claims.level == "1"', 'client has no field claims: there are id, domain, kind'],
  ['"x" in client.claims', 'client has no field claims: there are id, domain, kind'],
  ['"x" in user', 'user must be followed by a name, as in user.id'],
  [
    'args.a.contains(size(args.b))',
    'the text that contains() looks for cannot come from arguments: its time would not be linear',
  ],
  [
    'args.a.contains("x" + args.b)',
    'the text that contains() looks for cannot come from arguments: its time would not be linear',
  ],
  [
    'args.a.contains(args.b.trim())',
    'the text that contains() looks for cannot come from arguments: its time would not be linear',
  ],
  ['args.a.startsWith(foo)', 'unknown variable foo: there are args, user, client, request and now'],
  ['foo in user.groups', 'unknown variable foo: there are args, user, client, request and now'],
  ['re(foo, "a")', 'unknown variable foo: there are args, user, client, request and now'],
  ['foo.startsWith("a")', 'unknown variable foo: there are args, user, client, request and now'],
])('%s is refused for one reason: %s', (source, sentence) => {
  expect(new ConditionCompiler().compile(source)).toEqual({ ok: false, error: [sentence] })
})

test('a problem that is there twice is told once, and two are told both', () => {
  expect(new ConditionCompiler().compile('foo == foo && bar == 1')).toMatchObject({
    error: [expect.stringContaining('unknown variable foo'), expect.stringContaining('unknown variable bar')],
  })
})

test('a list of five levels is read', () => {
  const facts = factsOf(question({ args: { deep: [[[[[1n]]]]] } }))
  const condition = new ConditionCompiler().compile('args.deep[0][0][0][0][0] == 1')
  expect(condition.ok && condition.value.holds(facts)).toBe(true)
})

test('client and request have types too', () => {
  expect(typeProblem('client.kind == "document" && client.domain != client.id', {})).toBeNull()
  expect(typeProblem('request.authAgeSeconds < 300 && request.network == request.transport', {})).toBeNull()
  expect(typeProblem('request.authAgeSeconds == "300"', {})).toBe('no such overload: int == string')
  for (const field of ['client.kind', 'client.id', 'client.domain', 'request.network', 'request.transport'])
    expect(typeProblem(`${field} == 1`, {})).toBe('no such overload: string == int')
})
