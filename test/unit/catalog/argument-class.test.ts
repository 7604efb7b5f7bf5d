import { expect, test } from 'vitest'
import { z } from 'zod'
import { classify, keptAs, undeclaredIn } from '#catalog/argument-class.ts'
import { defineTool } from '#catalog/define-tool.ts'
import { textUpTo, writtenText } from '#lib/bounded-text.ts'
import { ok } from '#lib/result.ts'

const kept = (field: z.ZodType, value: unknown = 'x') =>
  classify({ input: z.strictObject({ field }) }, { field: value })

test.each([
  ['plain', { plain: { field: 'x' } }],
  ['personal', { personal: { field: 'x' } }],
  ['hash', { hash: { field: 'x' } }],
  ['secret', {}],
] as const)('a field of class %s is kept as %j', (argumentClass, expected) => {
  expect(kept(keptAs(argumentClass, z.string()))).toEqual(expected)
})

const user = `${'u'.repeat(22)}.k1.${'m'.repeat(43)}`
test.each([
  `${user}:0123456789abcdef:${'s'.repeat(32)}`,
  `see https://mcp.example/step-up/${user}~abc`,
  [{ deep: [user] }],
  'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln',
])('a plain field that holds a token is personal: %j', (value) => {
  expect(kept(keptAs('plain', z.any()), value)).toEqual({ personal: { field: value } })
})

test('ids, hashes and URLs without a token stay plain', () => {
  for (const value of [
    '7',
    'a.b.c',
    '7f9a1f2e-0000-4000-8000-000000000001',
    'f'.repeat(64),
    'https://a.example/b',
  ])
    expect(kept(keptAs('plain', z.any()), value)).toEqual({ plain: { field: value } })
})

test('a field without a class is personal', () => {
  expect(kept(z.string())).toEqual({ personal: { field: 'x' } })
})

const wrappers: Record<string, (schema: z.ZodString) => z.ZodType> = {
  optional: (schema) => schema.optional(),
  nullable: (schema) => schema.nullable(),
  default: (schema) => schema.default('y'),
  prefault: (schema) => schema.prefault('y'),
  catch: (schema) => schema.catch('y'),
  readonly: (schema) => schema.readonly(),
  nonoptional: (schema) => schema.optional().nonoptional(),
  refine: (schema) => schema.refine((text) => text !== ''),
  check: (schema) => schema.min(1).max(10),
  describe: (schema) => schema.describe('words'),
  transform: (schema) => schema.transform((text) => text.trim()),
  pipe: (schema) => schema.pipe(z.string()),
  preprocess: (schema) => z.preprocess((text) => text, schema),
  lazy: (schema) => z.lazy(() => schema),
  'several of them': (schema) => schema.min(1).optional().default('y').describe('words').nullable(),
}

test.each(Object.entries(wrappers))('%s keeps the class', (_name, wrap) => {
  const field = wrap(keptAs('plain', z.string()))
  expect(undeclaredIn(z.strictObject({ field }))).toEqual([])
  expect(kept(field)).toEqual({ plain: { field: 'x' } })
})

test.each(Object.entries(wrappers))('%s around a secret shows nothing', (_name, wrap) => {
  expect(kept(wrap(keptAs('secret', z.string())))).toEqual({})
})

test('a class covers everything inside its field', () => {
  const field = keptAs('plain', z.object({ list: z.array(z.string()) }))
  expect(kept(field, { list: ['x'] })).toEqual({ plain: { field: { list: ['x'] } } })
})

const password = () => keptAs('secret', z.string())
interface Tree {
  secret: string
  next?: Tree | undefined
}
const Tree: z.ZodType<Tree> = z.lazy(() => z.object({ secret: password(), next: Tree.optional() }))

test.each([
  ['a list', z.array(password())],
  ['an object', z.object({ password: password() })],
  ['a list of objects', z.array(z.object({ password: password().optional() }))],
  ['a union', z.union([z.int(), z.object({ password: password() })])],
  ['a record', z.record(z.string(), password())],
  ['a tuple', z.tuple([z.int(), password()])],
  ['an intersection', z.intersection(z.object({}), z.object({ password: password() }))],
  ['a schema that names itself', Tree],
])('nothing of a field is kept with a secret inside %s', (_where, inside) => {
  expect(kept(inside)).toEqual({})
  expect(kept(keptAs('plain', inside.optional()))).toEqual({})
})

test('a list of plain ids is personal until it is declared', () => {
  const id = keptAs('plain', z.string())
  expect(kept(z.array(id), ['1'])).toEqual({ personal: { field: ['1'] } })
  expect(undeclaredIn(z.strictObject({ ids: z.array(id), id }))).toEqual(['ids'])
})

test('a schema has one class', () => {
  const text = keptAs('plain', z.string())
  expect(keptAs('plain', text)).toBe(text)
  expect(() => keptAs('personal', text)).toThrow('declared as plain and as personal')
})

test('a refined object keeps the classes of its fields', () => {
  const input = z.strictObject({ id: keptAs('plain', z.string()), text: z.string() }).refine(() => true)
  expect(undeclaredIn(input)).toEqual(['text'])
  expect(classify({ input }, { id: '1', text: 'x' })).toEqual({ plain: { id: '1' }, personal: { text: 'x' } })
})

test('the argument that the engine adds is plain', () => {
  const tool = defineTool({
    name: 'deleteIt',
    title: 'Delete',
    description: 'Use it in tests',
    scopes: ['a'],
    effect: 'delete',
    input: z.strictObject({ id: keptAs('hash', z.string()) }),
    output: z.object({}),
    confirm: async () => ok(null),
    run: async () => ok({}),
    say: () => '',
  })
  expect(undeclaredIn(tool.input)).toEqual([])
  expect(classify(tool, { id: '1', confirm: true })).toEqual({ hash: { id: '1' }, plain: { confirm: true } })
})

const texts = z.strictObject(
  Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [name, keptAs('plain', z.string())])),
)

test('of a field of more than 2,000 characters of JSON only the name is kept', () => {
  // Two quotes belong to the JSON.
  const [fits, long] = ['x'.repeat(1_998), 'x'.repeat(1_999)]
  expect(classify({ input: texts }, { a: fits, b: long })).toEqual({ plain: { a: fits }, cut: ['b'] })
})

test('all fields together have at most 8 KiB', () => {
  const input = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [name, 'é'.repeat(900)]))
  const { plain = {}, cut } = classify({ input: texts }, input)
  expect(Object.keys(plain)).toEqual(['a', 'b', 'c', 'd'])
  expect(cut).toEqual(['e', 'f'])
  expect(new TextEncoder().encode(JSON.stringify(plain)).byteLength).toBeLessThan(8_192)
})

test('of a long secret not even the name is kept', () => {
  const input = z.strictObject({ password: keptAs('secret', z.string()) })
  expect(classify({ input }, { password: 'x'.repeat(5_000) })).toEqual({})
})

test('undefined is left out, and of a value that is not JSON only the name is kept', () => {
  expect(classify({ input: texts.partial() }, { a: undefined, b: 'x' })).toEqual({ plain: { b: 'x' } })
  expect(kept(keptAs('plain', z.bigint()), 1n)).toEqual({ cut: ['field'] })
  expect(kept(keptAs('plain', z.date()), new Date(0))).toEqual({ plain: { field: new Date(0).toJSON() } })
})

test('a field that no schema names is personal, and its name is never shown in clear', () => {
  const input = z.looseObject({ id: keptAs('plain', z.string()) })
  const given = z.record(z.string(), z.unknown()).parse({ id: '1', other: 'y', theirs: 'z'.repeat(3_000) })
  const { plain, personal = {}, cut } = classify({ input }, { ...given, ['__proto__']: 'x' })
  expect([plain, cut]).toEqual([{ id: '1' }, undefined])
  expect(Object.keys(personal).toSorted()).toEqual(['__proto__', 'other'])
})

test.each([
  ['a text', () => z.string().min(1).describe('words')],
  ['a bounded text', () => textUpTo(20)],
  ['a written text', () => writtenText(20).describe('words')],
  ['a number', () => z.int().min(1).max(5).optional().describe('words')],
  ['a list', () => z.array(z.string().regex(/x/)).min(1)],
  ['an object', () => z.strictObject({ a: z.string() }).refine(() => true)],
] as const)('clients see the same JSON Schema of %s with and without a class', (_what, make) => {
  const shown = (field: z.ZodType) =>
    JSON.stringify(z.toJSONSchema(z.strictObject({ field }), { target: 'draft-7', io: 'input' }))
  const plain: z.ZodType = make()
  for (const argumentClass of ['plain', 'personal', 'hash', 'secret'] as const) {
    const field: z.ZodType = make()
    expect(shown(keptAs(argumentClass, field))).toBe(shown(plain))
  }
})
