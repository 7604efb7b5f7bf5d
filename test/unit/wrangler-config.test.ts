import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

test('no environment keeps the queries of addresses: at /callback they hold a code of PingOne', () => {
  const observed = [...readFileSync('wrangler.jsonc', 'utf8').matchAll(/"observability": (\{[^}]*\})/g)]
  // Once, at the top: environments inherit it unless they say something else.
  expect(observed.map(([, setting]) => JSON.parse(setting ?? ''))).toEqual([
    { enabled: true, redact_query_string: true },
  ])
})
