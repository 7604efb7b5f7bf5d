import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import { parserProperties } from '#harness/fuzz/properties.ts'
import { runTests } from './run-tests.ts'

/** One row of the table. */
export interface FuzzRow {
  property: string
  cases: number
  perSecond: number
  /** Failed properties with seed and path to reproduce them; empty when all held. */
  failure: string
}

// fast-check keeps data for each case of a run, so a run of millions would be slow.
const CASES_AT_ONCE = 20_000
const MAX_SEED = 2 ** 31 - 1

/** Runs this many cases in total, split evenly over the parsers, with fresh seeds. */
export async function fuzzParsers(cases: number): Promise<FuzzRow[]> {
  const rows: FuzzRow[] = []
  const each = Math.ceil(cases / parserProperties.length)
  for (const { name, check } of parserProperties) {
    const began = performance.now()
    let [done, failure] = [0, '']
    while (done < each && failure === '') {
      const numRuns = Math.min(CASES_AT_ONCE, each - done)
      const found = await fc.check(check, { seed: randomInt(MAX_SEED), numRuns })
      done += found.numRuns
      if (found.failed) failure = fc.defaultReportMessage(found) ?? 'failed'
    }
    const seconds = (performance.now() - began) / 1000
    rows.push({ property: name, cases: done, perSecond: Math.round(done / seconds), failure })
  }
  return rows
}

/** Runs this many requests through the Worker in workerd, with a fresh seed. */
export function fuzzWorker(requests: number): Promise<boolean> {
  const seed = String(randomInt(MAX_SEED))
  console.log(`${requests} requests through the Worker, seed ${seed}`)
  return runTests(['--project', 'fuzz'], { FUZZ_SEEDS: seed, FUZZ_REQUESTS: String(requests) })
}
