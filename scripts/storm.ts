/**
 * `npm run storm`: many concurrent refreshes. PingOne (the emulator) rotates without grace and ends a family when an
 * old token returns, so one redemption too many shows. Prints a table; exits 1 when any caller
 * has no working pair left.
 */
import { parseArgs } from 'node:util'
import { callsOnAnExpiredToken, refreshesAndCalls, refreshesOfOneToken, type Round } from './storm/rounds.ts'
import { startStorm } from './storm/start-storm.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '20' }, callers: { type: 'string', default: '100' } },
})
const [rounds, callers] = [Number(values.rounds), Number(values.callers)]

const kinds = {
  'refreshes of one token': refreshesOfOneToken,
  'calls on an expired PingOne token': callsOnAnExpiredToken,
  'both at once, others calling': refreshesAndCalls,
}

await using storm = await startStorm()
const table: Record<string, unknown>[] = []
for (const [name, run] of Object.entries(kinds)) {
  const results: Round[] = []
  for (let round = 0; round < rounds; round += 1) results.push(await run(storm, callers))
  const sum = (of: (round: Round) => number) => results.reduce((total, round) => total + of(round), 0)
  table.push({
    storm: `${callers} ${name}`,
    rounds,
    callers: sum((round) => round.callers),
    'with a working answer': sum((round) => round.alive),
    'pairs per round': Math.max(...results.map(({ pairs }) => pairs)),
    'redemptions per round': Math.max(...results.map(({ redemptions }) => redemptions)),
    'families killed': sum((round) => round.killed),
    'others disturbed': sum((round) => round.disturbed),
    'round p50, ms': results.map(({ ms }) => ms).toSorted((a, b) => a - b)[Math.floor(results.length / 2)],
  })
}
console.table(table)
const isWhole = table.every(
  (row) =>
    row['callers'] === row['with a working answer'] &&
    row['families killed'] === 0 &&
    row['others disturbed'] === 0,
)
console.log(isWhole ? 'Every caller was left with a working answer.' : 'SOMEBODY WAS LEFT OUT')
process.exitCode = isWhole ? 0 : 1
