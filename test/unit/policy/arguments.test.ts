import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { argumentTypes, celArguments, MOST_ARGUMENT_BYTES } from '#policy/arguments.ts'

const typeOf = (schema: z.ZodType) => argumentTypes(z.strictObject({ it: schema }))['it']
const read = (schema: z.ZodObject, input: Record<string, unknown>) =>
  celArguments(argumentTypes(schema), schema.parse(input))
const valueOf = (schema: z.ZodType, it: unknown) => {
  const object = z.strictObject({ it: schema })
  const values = read(object, { it })
  if (!values.ok) throw new Error(values.error)
  return values.value['it']
}

test.each([
  ['a text', z.string(), 'string'],
  ['an e-mail address', z.email(), 'string'],
  ['a UUID', z.uuid(), 'string'],
  ['a template', z.templateLiteral(['a', z.string()]), 'string'],
  ['a date', z.date(), 'string'],
  ['a number', z.number(), 'double'],
  ['a float', z.float64(), 'double'],
  ['an integer', z.int(), 'int'],
  ['an integer by check', z.number().int().min(3), 'int'],
  ['a 32-bit integer', z.int32(), 'int'],
  ['an unsigned integer', z.uint32(), 'int'],
  ['a multiple of a whole number', z.number().multipleOf(5), 'double'],
  ['a multiple of a fraction', z.number().multipleOf(0.5), 'double'],
  ['a bigint', z.bigint(), 'int'],
  ['a bool', z.boolean(), 'bool'],
  ['a bool in a text', z.stringbool(), 'bool'],
  ['a literal text', z.literal('a'), 'string'],
  ['literal texts', z.literal(['a', 'b']), 'string'],
  ['a literal integer', z.literal(3), 'int'],
  ['a literal bigint', z.literal(3n), 'int'],
  ['a literal number', z.literal([3, 2.5]), 'double'],
  ['a literal bool', z.literal(true), 'bool'],
  ['literals of two types', z.literal(['a', 3]), 'dyn'],
  ['literal null', z.literal(null), 'dyn'],
  ['names', z.enum(['a', 'b']), 'string'],
  ['numbers with names', z.enum({ low: 1, high: 2 }), 'int'],
  ['a list', z.array(z.int()), { list: 'int' }],
  ['a list of lists', z.array(z.array(z.string())), { list: { list: 'string' } }],
  ['a tuple of one type', z.tuple([z.string(), z.string()]), { list: 'string' }],
  ['a tuple with a rest', z.tuple([z.string()], z.int()), { list: 'dyn' }],
  ['a tuple of two types', z.tuple([z.string(), z.int()]), { list: 'dyn' }],
  ['an empty tuple', z.tuple([]), { list: 'dyn' }],
  ['a union of one type', z.union([z.literal('a'), z.string()]), 'string'],
  ['a union of two types', z.union([z.int(), z.string()]), 'dyn'],
  ['a union with another at the end', z.union([z.int(), z.int(), z.number()]), 'dyn'],
  ['an intersection', z.intersection(z.string(), z.string()), 'dyn'],
  ['a record', z.record(z.string(), z.int()), 'dyn'],
  ['what can be null', z.int().nullable(), 'dyn'],
  ['anything', z.unknown(), 'dyn'],
  ['a transformed text', z.string().transform((text) => text.length), 'dyn'],
  ['a transformed and checked text', z.string().transform(Number).pipe(z.int()), 'int'],
  ['a preprocessed text', z.preprocess(String, z.string()), 'string'],
  ['a read-only integer', z.int().readonly(), 'int'],
  ['an integer that is caught', z.int().catch(1), 'int'],
  ['an integer with a default', z.int().default(1), 'int'],
  ['an integer with a default input', z.int().prefault(1), 'int'],
  ['an integer that must be there', z.int().optional().nonoptional(), 'int'],
  ['a lazy integer', z.lazy(() => z.int()), 'int'],
  ['a branded integer', z.int().brand('n'), 'int'],
])('%s is known as its type', (_, schema, type) => {
  expect(typeOf(schema)).toEqual({ type, isOptional: false })
})

test.each([
  ['optional', z.int().optional(), true],
  ['optional with a default', z.int().optional().default(1), false],
  ['of any type', z.unknown(), false],
])('an argument that is %s can be absent: %s', (_, schema, isOptional) => {
  expect(typeOf(schema)?.isOptional).toBe(isOptional)
})

test('objects are known by their members', () => {
  const place = z.object({ city: z.string(), floor: z.int().optional() })
  const members = {
    city: { type: 'string', isOptional: false },
    floor: { type: 'int', isOptional: true },
  }
  expect(typeOf(place)).toEqual({ type: { map: members }, isOptional: false })
  expect(typeOf(z.array(place))).toEqual({ type: { list: { map: members } }, isOptional: false })
  expect(typeOf(z.union([place, place]))?.type).toEqual({ map: members })
})

test('a schema that names itself is followed eight levels deep', () => {
  const node = z.object({
    get next() {
      return node.optional()
    },
  })
  const text = JSON.stringify(typeOf(node))
  expect(text.split('next')).toHaveLength(9)
  expect(text).toContain('"dyn"')
})

test('integers become bigints where the schema says so, and stay doubles elsewhere', () => {
  expect(valueOf(z.int(), 3)).toBe(3n)
  expect(valueOf(z.int().optional(), 3)).toBe(3n)
  expect(valueOf(z.int(), -0)).toBe(0n)
  expect(valueOf(z.number(), 3)).toBe(3)
  expect(valueOf(z.unknown(), 3)).toBe(3)
  expect(valueOf(z.int().nullable(), 3)).toBe(3)
  expect(valueOf(z.int().nullable(), null)).toBeNull()
  expect(valueOf(z.bigint(), 3n)).toBe(3n)
  expect(valueOf(z.array(z.int()), [1, 2])).toEqual([1n, 2n])
  expect(valueOf(z.array(z.number()), [1, 2])).toEqual([1, 2])
  expect(valueOf(z.object({ a: z.object({ b: z.int() }), c: z.number() }), { a: { b: 1 }, c: 2 })).toEqual({
    a: { b: 1n },
    c: 2,
  })
  expect(valueOf(z.looseObject({ a: z.int() }), { a: 1, b: 1, toString: 2 })).toEqual({
    a: 1n,
    b: 1,
    toString: 2,
  })
})

test('a number that is no safe integer stays a double', () => {
  const types = argumentTypes(z.object({ it: z.int() }))
  expect(celArguments(types, { it: 2 ** 60 })).toEqual({ ok: true, value: { it: 2 ** 60 } })
  expect(celArguments(types, { it: 1.5 })).toEqual({ ok: true, value: { it: 1.5 } })
})

test('defaults are there and what is undefined is absent', () => {
  const schema = z.strictObject({ a: z.int().default(5), b: z.string().optional(), c: z.string().optional() })
  expect(read(schema, { c: undefined })).toEqual({ ok: true, value: { a: 5n } })
  expect(celArguments({}, { list: [undefined] })).toEqual({ ok: true, value: { list: [null] } })
})

test('texts, bools and null are read as they are', () => {
  const value = { text: 'a', yes: true, no: false, nothing: null, bare: Object.create(null) as unknown }
  expect(celArguments({}, value)).toEqual({ ok: true, value: { ...value, bare: {} } })
})

test('what has a form in JSON is read in it', () => {
  expect(valueOf(z.date(), new Date(0))).toBe('1970-01-01T00:00:00.000Z')
  expect(valueOf(z.instanceof(URL), new URL('https://a.example/'))).toBe('https://a.example/')
  expect(celArguments({}, { it: { toJSON: 'no function' } })).toEqual({
    ok: true,
    value: { it: { toJSON: 'no function' } },
  })
  class Nothing {
    toJSON() {}
  }
  expect(celArguments({}, { it: new Nothing() })).toEqual({ ok: true, value: { it: null } })
})

class Empty {
  readonly #nothing = 0
  get nothing() {
    return this.#nothing
  }
}
class Itself {
  toJSON() {
    return this
  }
}
class Fake {
  toJSON = 'no function'
}

test.each([
  ['a map', new Map(), 'unreadable'],
  ['a function', () => 1, 'unreadable'],
  ['a symbol', Symbol('a'), 'unreadable'],
  ['an object of a class', new Empty(), 'unreadable'],
  ['an object with a false toJSON', new Fake(), 'unreadable'],
  ['an object that is its own JSON form', new Itself(), 'too_deep'],
])('%s cannot be judged', (_, it, failure) => {
  expect(celArguments({}, { it })).toEqual({ ok: false, error: failure })
  expect(celArguments({}, { it: [it] })).toEqual({ ok: false, error: failure })
})

const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)])

test('arguments are at most 64 deep', () => {
  expect(celArguments({}, { it: nested(64) }).ok).toBe(true)
  expect(celArguments({}, { it: nested(65) })).toEqual({ ok: false, error: 'too_deep' })
  expect(celArguments({}, { it: JSON.parse('['.repeat(50_000) + ']'.repeat(50_000)) })).toMatchObject({
    ok: false,
  })
})

test('arguments are at most 128 KiB', () => {
  expect(MOST_ARGUMENT_BYTES).toBe(131_072)
  const room = MOST_ARGUMENT_BYTES - '{"it":""}'.length
  expect(celArguments({}, { it: 'a'.repeat(room) }).ok).toBe(true)
  expect(celArguments({}, { it: 'a'.repeat(room + 1) })).toEqual({ ok: false, error: 'too_large' })
  expect(celArguments({}, { it: 'é'.repeat(Math.floor(room / 2)) }).ok).toBe(true)
  expect(celArguments({}, { it: 'é'.repeat(Math.ceil(room / 2)) })).toEqual({ ok: false, error: 'too_large' })
})

test.each([
  ['many small members', Object.fromEntries(Array.from({ length: 30_000 }, (_, at) => [`a${at}`, 1]))],
  ['many empty lists', Array.from({ length: 60_000 }, () => [])],
  ['many nulls', Array.from({ length: 60_000 }, () => null)],
  ['many bools', Array.from({ length: 60_000 }, () => true)],
  ['many bigints', Array.from({ length: 60_000 }, () => 10n)],
  ['many numbers', Array.from({ length: 60_000 }, () => 10)],
  ['a long name', { ['a'.repeat(140_000)]: 1 }],
])('%s are too large together', (_, it) => {
  expect(celArguments({}, { it })).toEqual({ ok: false, error: 'too_large' })
})

test('the size is at most that of JSON, so what fits there is judged', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), (input) => {
      const bytes = new TextEncoder().encode(JSON.stringify(input)).length
      const filler = MOST_ARGUMENT_BYTES - bytes - '"filler":"",'.length
      fc.pre(filler > 0 && !('filler' in input))
      expect(celArguments({}, { ...input, filler: 'a'.repeat(filler) }).ok).toBe(true)
    }),
    { numRuns: 200 },
  )
})

test('any JSON is read as itself where nothing is known of it', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (input) => {
      const expected = Object.fromEntries(Object.entries(input))
      expect(celArguments({}, input)).toEqual({ ok: true, value: expected })
    }),
  )
})

test('a list that names itself, directly or lazily, is followed as deep', () => {
  const lazy: z.ZodType = z.lazy(() => lazy)
  expect(typeOf(lazy)?.type).toBe('dyn')
  const list: z.ZodType = z.array(z.lazy(() => list))
  expect(JSON.stringify(typeOf(list)).split('list')).toHaveLength(5)
  const tuple: z.ZodType = z.tuple([z.lazy(() => tuple)])
  expect(JSON.stringify(typeOf(tuple)).split('list')).toHaveLength(5)
  expect(typeOf(z.tuple([z.int()], z.int()))?.type).toEqual({ list: 'int' })
  expect(typeOf(z.literal([true, 'a']))?.type).toBe('dyn')
})
