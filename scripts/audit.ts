/** `npm run audit`: verifies, exports and counts the audit log of this machine, of a deployment or of an export. */
import { StartProblem } from '#harness/local/start-problem.ts'
import { runAudit } from './audit/run.ts'

// 1 means findings, so what the user at the terminal can solve is 2.
const NOT_DONE = 2

try {
  process.exitCode = await runAudit(process.argv.slice(2), (line) => console.log(line))
} catch (error) {
  if (!(error instanceof StartProblem)) throw error
  console.error(error.message)
  process.exitCode = NOT_DONE
}
