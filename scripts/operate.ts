/** `npm run operate`: shows who acts for whom, ends it, blocks it, and opens the audit log, through the operator API. */
import { StartProblem } from '#harness/local/start-problem.ts'
import { runOperate } from './operate/run.ts'

// Exit code 1 means refused or not complete, so wrong use is 2.
const WRONG_USE = 2

try {
  process.exitCode = await runOperate(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof StartProblem)) throw error
  console.error(error.message)
  process.exitCode = WRONG_USE
}
