/** `npm run policy`: checks policies, explains a decision, and changes the policy in force. */
import { StartProblem } from '#harness/local/start-problem.ts'
import { runPolicy, WRONG_USE } from './policy/commands.ts'

try {
  process.exitCode = await runPolicy(process.argv.slice(2), (line) => console.log(line))
} catch (error) {
  if (!(error instanceof StartProblem)) throw error
  console.error(error.message)
  process.exitCode = WRONG_USE
}
