import { expect, test } from 'vitest'
import { isLossless, killNine } from '../../scripts/soak/kill-nine.ts'

// The small version of `npm run soak`, on a system of its own.
test('the MCP Worker dies five times under load: nothing lost or doubled, also in the audit log, and nobody signed out', async () => {
  const found = await killNine(5, 3)
  // oxlint-disable-next-line no-console -- the counts are the result; shown with --silent=false
  console.log(JSON.stringify(found))
  expect(found).toMatchObject({
    lost: 0,
    doubled: 0,
    'done though told not': 0,
    'families killed': 0,
    'signed out': 0,
    'without an intent': 0,
    'without an outcome': 0,
    'recorded twice': 0,
    'recorded as not done': 0,
    'recorded as done and not done': 0,
    'events twice': 0,
    'gaps in a chain': 0,
    'findings of verify': 0,
  })
  expect(isLossless(found)).toBe(true)
  expect(found['told done']).toBeGreaterThan(5)
  expect(found['writes at the API']).toBeGreaterThanOrEqual(found['told done'])
}, 400_000)
