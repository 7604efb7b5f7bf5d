/**
 * `npm run soak`: tests that take longer than a minute. Kills the MCP Worker (kill -9, the whole process group) under
 * load fifty times and restarts it on the same state. Prints a table; exits 1 when anything was lost or duplicated, or
 * a user was signed out. `npm run soak -- --fuzz 10000000` runs that many random cases on the parsers instead, and
 * `-- --requests 1000000` that many random requests on the Worker. `npm run test:all` runs fewer, with fixed seeds.
 * `-- --year 1000` simulates a year of a user with that many calls a day (minutes). `npm run test:all` makes 20 a day.
 */
import { parseArgs } from 'node:util'
import { type FuzzRow, fuzzParsers, fuzzWorker } from './soak/fuzz.ts'
import { simulateYear } from './soak/run-tests.ts'
import { isLossless, killNine } from './soak/kill-nine.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    users: { type: 'string', default: '4' },
    fuzz: { type: 'string' },
    requests: { type: 'string' },
    year: { type: 'string' },
  },
})

const { fuzz, requests, year } = values
const outcomes =
  fuzz === undefined && requests === undefined && year === undefined
    ? [await kill(Number(values.kills), Number(values.users))]
    : [
        fuzz === undefined || report(await fuzzParsers(Number(fuzz))),
        requests === undefined || (await fuzzWorker(Number(requests))),
        year === undefined || (await simulateYear(Number(year))),
      ]
process.exitCode = outcomes.every(Boolean) ? 0 : 1

async function kill(kills: number, users: number): Promise<boolean> {
  const found = await killNine(kills, users)
  console.table(found)
  console.log(
    isLossless(found) ? 'Nothing lost, nothing doubled, nobody signed out.' : 'SOMETHING WAS LOST OR DOUBLED',
  )
  return isLossless(found)
}

function report(rows: readonly FuzzRow[]): boolean {
  console.table(rows.map(({ property, cases, perSecond }) => ({ property, cases, 'cases/s': perSecond })))
  const seconds = rows.reduce((sum, { cases, perSecond }) => sum + cases / perSecond, 0)
  const cases = rows.reduce((sum, row) => sum + row.cases, 0)
  console.log(`${cases} cases in ${Math.round(seconds)} s, ${Math.round(cases / seconds)} a second`)
  for (const { property, failure } of rows) if (failure !== '') console.error(`\n${property}\n${failure}`)
  return rows.every(({ failure }) => failure === '')
}
