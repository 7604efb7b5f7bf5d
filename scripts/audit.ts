/** `npm run audit`: verifies, searches, exports and counts the audit log of this machine, of a deployment or of an export. */
import { StartProblem } from '#harness/local/start-problem.ts'
import { runAudit } from './audit/run.ts'

// Exit code 1 means findings, so wrong use is 2.
const NOT_DONE = 2

// `find` may be piped into a command that reads only its beginning.
process.stdout.on('error', (error) => {
  if (!('code' in error) || error.code !== 'EPIPE') throw error
  process.exit(0)
})
try {
  process.exitCode = await runAudit(
    process.argv.slice(2),
    (line) => console.log(line),
    (line) => console.error(line),
  )
} catch (error) {
  if (!(error instanceof StartProblem)) throw error
  console.error(error.message)
  process.exitCode = NOT_DONE
}
