import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Moment } from '#policy/clock.ts'
import { conditionEnvironment, untyped } from '#policy/condition-environment.ts'
import { ConditionCompiler } from '#policy/condition.ts'
import type { ConditionFacts } from '#policy/facts.ts'

/*
 * The work of a condition, counted: each read of a list or map, and each character that a method of a text may look at. A
 * condition that the compiler takes does at most four times the work for four times the arguments.
 */

let work = 0

const METHODS = ['includes', 'startsWith', 'endsWith', 'toLowerCase', 'toUpperCase', 'trim'] as const

beforeEach(() => {
  for (const method of METHODS) {
    const original = String.prototype[method]
    vi.spyOn(String.prototype, method).mockImplementation(function counted(this: string, ...given: [string]) {
      // Where a text is looked for, each character may be compared with each.
      work += this.length * (method === 'includes' ? given[0].length : 1)
      return Reflect.apply(original, this, given)
    })
  }
})
afterEach(() => {
  vi.restoreAllMocks()
})

function countedList(items: readonly unknown[]): unknown[] {
  return new Proxy([...items], {
    get(list, member, receiver) {
      work += 1
      return Reflect.get(list, member, receiver)
    },
  })
}

function countedMap(entries: readonly [string, unknown][]): Map<string, unknown> {
  const map = new Map(entries)
  const counted: Partial<Map<string, unknown>> = {
    get: (name) => ((work += 1), Map.prototype.get.call(map, name)),
    has: (name) => ((work += 1), Map.prototype.has.call(map, name)),
    keys: () => ((work += map.size), Map.prototype.keys.call(map)),
    entries: () => Map.prototype.entries.call(map),
    [Symbol.iterator]: () => ((work += map.size), Map.prototype[Symbol.iterator].call(map)),
  }
  return Object.assign(map, counted)
}

/** Arguments of a size, and a user whose groups do not grow. */
function factsOfSize(size: number): ConditionFacts {
  const texts = () => countedList(Array.from({ length: size }, () => 'ab'))
  const records = () => countedList(Array.from({ length: size }, () => countedMap([['k', 'ab']])))
  const members = () => countedMap(Array.from({ length: size }, (_, at) => [`k${at}`, 'ab']))
  const text = () => 'ab'.repeat(size)
  const args = {
    l: texts(),
    k: texts(),
    r: records(),
    q: records(),
    m: members(),
    o: members(),
    s: text(),
    t: text(),
  }
  return {
    args: new Map<string, unknown>(Object.entries(args)),
    user: new Map<string, unknown>([
      ['groups', ['ab', 'cd', 'ef']],
      ['id', 'ab'],
    ]),
    client: new Map(),
    request: new Map(),
    now: new Moment(0),
  }
}

function workOf(holds: (facts: ConditionFacts) => unknown, size: number): number {
  const facts = factsOfSize(size)
  work = 0
  holds(facts)
  return work
}

const SIZE = 64
/** What does not grow with the arguments. */
const FIXED_WORK = 2000

const growth = (holds: (facts: ConditionFacts) => unknown) =>
  (workOf(holds, 4 * SIZE) - FIXED_WORK) / Math.max(1, workOf(holds, SIZE))

/** Expressions of every form, most of which the compiler refuses. */
const { bool } = fc.letrec<{ value: string; bool: string; body: string; macro: string }>((tie) => {
  const name = fc.constantFrom('l', 'k', 'r', 'q', 'm', 'o', 's', 't').map((one) => `args.${one}`)
  const small = fc.constantFrom('user.groups', 'user.id', '"ab"', '"b"', '["ab", "x"]', '3', 'x', 'x', 'x.k')
  return {
    value: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'value' },
      name,
      small,
      fc.tuple(tie('value'), tie('value')).map(([one, other]) => `(${one} + ${other})`),
      fc.tuple(tie('value'), tie('value')).map(([one, other]) => `[${one}, ${other}]`),
      tie('value').map((one) => `size(${one})`),
      fc
        .tuple(tie('value'), fc.constantFrom('lowerAscii', 'upperAscii', 'trim'))
        .map(([one, method]) => `${one}.${method}()`),
      fc
        .tuple(tie('value'), tie('body'), fc.constantFrom('filter', 'map'))
        .map(([one, body, macro]) => `${one}.${macro}(x, ${body})`),
    ),
    body: fc.oneof(tie('bool'), tie('value')),
    macro: fc
      .tuple(tie('value'), fc.constantFrom('all', 'exists', 'exists_one'), tie('bool'))
      .map(([one, macro, body]) => `${one}.${macro}(x, ${body})`),
    bool: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'bool' },
      fc
        .tuple(tie('value'), fc.constantFrom('==', '!=', 'in', 'in'), tie('value'))
        .map(([one, operator, other]) => `${one} ${operator} ${other}`),
      fc
        .tuple(tie('value'), fc.constantFrom('contains', 'contains', 'startsWith', 'endsWith'), tie('value'))
        .map(([one, method, other]) => `${one}.${method}(${other})`),
      tie('macro'),
      fc.tuple(tie('bool'), tie('bool')).map(([one, other]) => `(${one} || !(${other}))`),
    ),
  }
})

test('the work of any condition that compiles grows at most as its arguments', () => {
  let compiledOnes = 0
  fc.assert(
    fc.property(bool, (source) => {
      const condition = new ConditionCompiler().compile(source)
      if (!condition.ok) return
      compiledOnes += 1
      expect(growth(condition.value.holds)).toBeLessThanOrEqual(4.2)
    }),
    { numRuns: 5000 },
  )
  expect(compiledOnes).toBeGreaterThan(100)
})

// The library would evaluate them all.
test.each([
  'args.l.exists(x, x + "c" in args.k)',
  'args.l.all(x, args.s.contains("c") || x == "ab")',
  'args.l.all(x, args.k == ["c"] || args.k.all(y, y == x))',
  'args.r.exists(x, args.m == args.o && x.k == "c")',
  'args.s.contains(args.t + "c")',
  'args.l.exists(x, args.k.exists(y, y + x == "c"))',
])('%s would take more, and is refused', (source) => {
  const evaluate = conditionEnvironment(untyped, () => undefined).parse(source)
  expect(growth((facts) => evaluate(facts))).toBeGreaterThan(8)
  expect(new ConditionCompiler().compile(source).ok).toBe(false)
})

test.each([
  'args.l.exists(x, x == "c")',
  'args.l.exists(x, x in user.groups && x == "c")',
  'user.groups.exists(x, x in args.l && x == "c")',
  'user.groups.all(x, args.s.contains(x))',
  'args.l == args.k && args.m == args.o && args.r == args.q',
  'args.s.contains("c") || args.s.lowerAscii() == args.t',
  'size(args.l.map(x, x + x)) == 3',
])('%s is taken, and its work grows as the arguments', (source) => {
  const condition = new ConditionCompiler().compile(source)
  if (!condition.ok) throw new Error(condition.error.join('\n'))
  const ratio = growth(condition.value.holds)
  expect(ratio).toBeLessThanOrEqual(4.2)
  expect(workOf(condition.value.holds, 4 * SIZE)).toBeGreaterThan(3 * SIZE)
})

test('any text is a condition or has a problem, and is evaluated without an exception', () => {
  const token = fc.constantFrom(
    ...'args user now . [ ] ( ) "a" 1 2.5 1u 0x -1 true null && || ! == in ? : , { } x title groups'.split(
      ' ',
    ),
    ...'claims has size re matches timestamp duration all map exists b"a" r"\\" // """ \n'.split(' '),
    '99999999999999999999 == 1',
    'args.l.all(x, ',
    'now.getHours("UTC")',
  )
  const source = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }),
    fc.array(token, { minLength: 1, maxLength: 12 }).map((tokens) => tokens.join(' ')),
    bool,
  )
  fc.assert(
    fc.property(source, (text) => {
      const condition = new ConditionCompiler().compile(text)
      const outcome = condition.ok ? condition.value.holds(factsOfSize(2)) : condition.error.length > 0
      expect([true, false, 'failed']).toContain(outcome)
    }),
    { numRuns: 3000 },
  )
})
