import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'

test('no environment keeps the queries of addresses: at /callback they hold a code of PingOne', () => {
  const observed = [...readFileSync('wrangler.jsonc', 'utf8').matchAll(/"observability": (\{[^}]*\})/g)]
  // Set once at the top level: environments inherit it.
  expect(observed.map(([, setting]) => JSON.parse(setting ?? ''))).toEqual([
    { enabled: true, redact_query_string: true },
  ])
})

const Limits = z.array(
  z.strictObject({
    name: z.string(),
    namespace_id: z.string().regex(/^[1-9]\d*$/),
    simple: z.strictObject({ limit: z.number(), period: z.literal(60) }),
  }),
)
const limitsIn = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/"ratelimits": (\[[^\]]*\])/g)].map(([, given = '']) =>
    Limits.parse(JSON.parse(given.replaceAll(/,(?=\s*\])/g, ''))),
  )
const rules = (limits: z.infer<typeof Limits>) => limits.map(({ name, simple }) => `${name} ${simple.limit}`)

test('every environment has the same limits, and counts for itself', () => {
  const all = limitsIn('wrangler.jsonc')
  expect(all.map(rules)).toEqual(Array.from({ length: 4 }, () => ['FAILURES 600']))
  const ids = all.flat().map(({ namespace_id: id }) => id)
  expect(new Set(ids).size).toBe(4)
})

test('what the floods are held back by is what a deployment has', () => {
  const [ours = []] = limitsIn('wrangler.jsonc')
  expect(limitsIn('test/workers/wrangler.jsonc').map(rules)).toEqual([rules(ours)])
})
