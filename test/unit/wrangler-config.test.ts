import { readdirSync, readFileSync } from 'node:fs'
import { experimental_readRawConfig as readRawConfig } from 'wrangler'
import { CRONS } from '#audit/jobs.ts'
import { POLICY_NAMES } from '#policy/settings.ts'
import { expect, test } from 'vitest'
import { z } from 'zod'

const Limit = z.strictObject({
  name: z.string(),
  namespace_id: z.string().regex(/^[1-9]\d*$/),
  simple: z.strictObject({ limit: z.number(), period: z.literal(60) }),
})
const Database = z.looseObject({ binding: z.string(), migrations_dir: z.string().optional() })
const Environment = z.looseObject({
  observability: z.looseObject({ enabled: z.boolean(), redact_query_string: z.boolean() }).optional(),
  ratelimits: z.array(Limit),
  d1_databases: z.array(Database),
  triggers: z.strictObject({ crons: z.array(z.string()) }).optional(),
})
const Configuration = Environment.extend({ env: z.record(z.string(), Environment).default({}) })
const read = (config: string) => Configuration.parse(readRawConfig({ config }).rawConfig)

const { env, ...locked } = read('wrangler.jsonc')
const environments = Object.values(env)
const testWorkers = ['test/workers/wrangler.jsonc', 'test/workers/crash/wrangler.jsonc'].map(read)

test('no environment keeps the queries of addresses: at /callback they hold a code of PingOne', () => {
  // Set once at the top level: environments inherit it, and one that has its own replaces all of it.
  expect(locked.observability).toEqual({ enabled: true, redact_query_string: true })
  expect(environments.map(({ observability }) => observability)).toEqual([undefined, undefined, undefined])
  const examples = [...readFileSync('wrangler.jsonc', 'utf8').matchAll(/\/\/ "observability": (\{.*\}),$/gm)]
  expect(examples).toHaveLength(environments.length)
  for (const [, example = ''] of examples)
    expect(JSON.parse(example)).toMatchObject({ enabled: true, redact_query_string: true })
})

const rules = ({ ratelimits }: z.infer<typeof Environment>) =>
  ratelimits.map(({ name, simple }) => `${name} ${simple.limit}`)

test('every environment has the same limits, and counts for itself', () => {
  const all = [locked, ...environments]
  expect(all.map(rules)).toEqual(Array.from({ length: 4 }, () => ['FAILURES 600']))
  const ids = all.flatMap(({ ratelimits }) => ratelimits.map(({ namespace_id: id }) => id))
  expect(new Set(ids).size).toBe(4)
})

test('what the floods are held back by is what a deployment has', () => {
  expect(testWorkers.map(rules)).toEqual(testWorkers.map(() => rules(locked)))
})

test('every database has the migrations that are in the folder', () => {
  const databases = [locked, ...environments].flatMap(({ d1_databases: all }) => all)
  expect(databases.map(({ binding, migrations_dir: folder }) => `${binding} ${folder}`)).toEqual(
    Array.from({ length: 4 }, () => 'RECORDS migrations'),
  )
  const names = readdirSync('migrations').toSorted()
  // Numbers without gaps: a migration that is inserted later would never run where a higher one has.
  expect(names.map((name) => /^(\d{4})_[a-z_]+\.sql$/.exec(name)?.[1])).toEqual(
    names.map((_name, at) => String(at + 1).padStart(4, '0')),
  )
})

test('every environment that has users writes the head of the audit log', () => {
  for (const { triggers } of environments) expect(triggers?.crons).toEqual(Object.values(CRONS))
  expect(locked.triggers).toBeUndefined()
})

test('every document in policy/ can be named by the setting POLICY', () => {
  const files = readdirSync('policy').filter((name) => name.endsWith('.jsonc'))
  expect(files.toSorted()).toEqual(POLICY_NAMES.map((name) => `${name}.jsonc`).toSorted())
})

const Objects = z.looseObject({
  durable_objects: z.object({ bindings: z.array(z.object({ name: z.string(), class_name: z.string() })) }),
})
const objectsOf = (environment: unknown) => Objects.parse(environment).durable_objects.bindings

test('every environment binds the same objects', () => {
  for (const environment of [...environments, ...testWorkers])
    expect(objectsOf(environment)).toEqual(objectsOf(locked))
  expect(objectsOf(locked)).toContainEqual({ name: 'CONTROL', class_name: 'Control' })
})
