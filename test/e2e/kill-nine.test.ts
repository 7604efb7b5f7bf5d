import { expect, test } from 'vitest'
import { killNine } from '../../scripts/soak/kill-nine.ts'

// The small version of `npm run soak`, on a system of its own.
test('the MCP Worker dies five times under load: nothing lost, nothing doubled, nobody signed out', async () => {
  const found = await killNine(5, 3)
  // oxlint-disable-next-line no-console -- the counts are the result; shown with --silent=false
  console.log(JSON.stringify(found))
  expect(found).toMatchObject({
    lost: 0,
    doubled: 0,
    'done though told not': 0,
    'families killed': 0,
    'signed out': 0,
  })
  expect(found['told done']).toBeGreaterThan(5)
}, 120_000)
