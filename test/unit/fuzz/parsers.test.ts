import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parserProperties } from '#harness/fuzz/properties.ts'

const CASES = 200_000
/** A fixed seed makes failures reproducible. `npm run soak -- --fuzz …` uses other seeds. */
const SEED = 20_260_728
const each = Math.ceil(CASES / parserProperties.length)

test.each(parserProperties.map(({ name, check }) => [name, check] as const))(
  '%s',
  async (_name, check) => {
    const found = await fc.check(check, { seed: SEED, numRuns: each })
    expect(fc.defaultReportMessage(found)).toBeUndefined()
    expect(found.numRuns).toBe(each)
  },
  60_000,
)
