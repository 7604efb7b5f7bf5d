/** `npm run types`: generates each Worker's environment types from its wrangler.jsonc. */
import { runSteps } from './check/run-step.ts'
import { typeSteps } from './check/type-steps.ts'

if (!(await runSteps(typeSteps()))) process.exitCode = 1
