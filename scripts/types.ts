/** `npm run types`: what each Worker finds in its environment, from its wrangler.jsonc. */
import { runSteps } from './check/run-step.ts'
import { typeSteps } from './check/type-steps.ts'

if (!(await runSteps(typeSteps()))) process.exitCode = 1
