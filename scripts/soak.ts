/**
 * `npm run soak`: what takes longer than a minute. The MCP Worker is killed (kill -9, the whole process group) under
 * load fifty times and started again on the same state. Prints a table; exits 1 when anything was lost or doubled, or
 * anybody signed out.
 */
import { parseArgs } from 'node:util'
import { isWhole, killNine } from './soak/kill-nine.ts'

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '50' }, people: { type: 'string', default: '4' } },
})
const found = await killNine(Number(values.kills), Number(values.people))
console.table(found)
console.log(
  isWhole(found) ? 'Nothing lost, nothing doubled, nobody signed out.' : 'SOMETHING WAS LOST OR DOUBLED',
)
process.exitCode = isWhole(found) ? 0 : 1
