import fc from 'fast-check'

/** Difficult inputs: prototype names, invisible characters, foreign syntax, excessive length. */
const oddWords = [
  '',
  ' ',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  'NaN',
  '-0',
  '1e999',
  '..',
  '../../etc/passwd',
  '%00',
  '%ff',
  '%E0%A4%A',
  '\u0000',
  '\r\nSet-Cookie: a=b',
  '\uFEFF',
  '\u202Etxt',
  '\u200B',
  '\uD800',
  '\u{E0041}\u{E0042}',
  '<script>alert(1)</script>',
  '{{mcp_client_name}}',
  "' OR 1=1 --",
  '*',
  '$&',
  '=?base64?Zm9v?=',
  '=?base64?!!?=',
  'todo://list',
  'todo://items/..%2F',
  'http://localhost:33418/done',
  'https://mcp.example.test/mcp',
  'x'.repeat(129),
  'é'.repeat(3000),
] as const

export const oddText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...oddWords) },
  { weight: 2, arbitrary: fc.string({ maxLength: 40 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: fc.array(fc.constantFrom(...oddWords), { maxLength: 4 }).map((all) => all.join('')),
  },
)

const oddNumber = fc.constantFrom(0, -0, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 53) - 1, 1e21, 1e308, 5e-324)

/** JSON with this nesting depth, alternating lists and objects. */
export const nested = (depth: number): unknown => {
  let value: unknown = 1
  for (let at = 0; at < depth; at += 1) value = at % 2 === 0 ? [value] : { a: value }
  return value
}

/** An object with a field of this name, even a name that is special in JavaScript. */
const withField = (name: string, value: unknown): unknown =>
  Object.defineProperty({}, name, { value, enumerable: true, writable: true, configurable: true })

/** Any JSON value. */
export const oddJson: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: oddText },
  { weight: 3, arbitrary: oddNumber },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(null, true, false, [], {}, [[]], [null], {}) },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.integer({ min: 5, max: 400 }).map(nested) },
  { weight: 1, arbitrary: fc.tuple(oddText, oddText).map(([name, value]) => withField(name, value)) },
  {
    weight: 1,
    arbitrary: fc.constant(withField('__proto__', { isAdmin: true, scopes: ['todo:write'] })),
  },
)

interface Change {
  /** Index of the place in the value, modulo their number. */
  at: number
  kind: 'replace' | 'drop' | 'add' | 'list'
  name: string
  value: unknown
}
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(30),
  kind: fc.constantFrom('replace', 'replace', 'drop', 'add', 'list'),
  name: oddText,
  value: oddJson,
})

/** A valid value with a few defects; more than half stay valid. */
export const corrupted = <T>(good: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      good,
      fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 2, arbitrary: fc.array(change, { minLength: 1, maxLength: 3 }) },
      ),
    )
    .map(([value, changes]) => changes.reduce<unknown>(changed, value))

function changed(value: unknown, { at, kind, name, value: other }: Change): unknown {
  const places = placesIn(value)
  const place = places[at % (places.length + 1)]
  if (place === undefined) return kind === 'list' ? [value, other] : kind === 'replace' ? other : value
  return rebuilt(value, place, (old) => {
    if (kind === 'drop') return undefined
    if (kind === 'list') return [old, other]
    return kind === 'add' && isObject(old) ? { ...old, ...asObject(withField(name, other)) } : other
  })
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const asObject = (value: unknown) => (isObject(value) ? value : {})

type Place = readonly string[]
const placesIn = (value: unknown, above: Place = []): Place[] =>
  isObject(value)
    ? Object.entries(value).flatMap(([name, member]) => [
        [...above, name],
        ...(above.length < 4 ? placesIn(member, [...above, name]) : []),
      ])
    : []

function rebuilt(value: unknown, [name, ...below]: Place, replace: (old: unknown) => unknown): unknown {
  if (name === undefined) return replace(value)
  if (!isObject(value)) return value
  const members = Object.entries(value).map(([key, member]) => [
    key,
    key === name ? rebuilt(member, below, replace) : member,
  ])
  return Object.fromEntries(members)
}
