/** `npm run audit`: verifies, exports and counts the audit log of this machine, of a deployment or of an export. */
import { StartProblem } from '#harness/local/start-problem.ts'
import { runAudit } from './audit/run.ts'

// Exit code 1 means findings, so wrong use is 2.
const NOT_DONE = 2

try {
  process.exitCode = await runAudit(process.argv.slice(2), (line) => console.log(line))
} catch (error) {
  if (!(error instanceof StartProblem)) throw error
  console.error(error.message)
  process.exitCode = NOT_DONE
}
