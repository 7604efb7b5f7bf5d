/** `npm run check`: format, generated files, policies, types and lint. Runs every step and reports all failures together. */
import { relative } from 'node:path'
import { projectFiles } from './check/project-files.ts'
import { type CheckStep, runSteps } from './check/run-step.ts'
import { typeSteps } from './check/type-steps.ts'
import { ROOT } from '#harness/local/workers.ts'

const first: readonly CheckStep[] = [
  ...typeSteps(),
  { name: 'format', run: 'oxfmt', parameters: ['--check', '.'] },
]

/** These steps read the types that the first ones write. */
const second: readonly CheckStep[] = [
  { name: 'docs', run: 'node', parameters: ['scripts/docs.ts', '--check'] },
  { name: 'policy', run: 'node', parameters: ['scripts/policy.ts', 'check'] },
  { name: 'lint', run: 'oxlint', parameters: ['--type-aware', '.'] },
  ...projectFiles('tsconfig.json').map((project) => ({
    name: `tsc ${relative(ROOT, project)}`,
    run: 'tsc',
    parameters: ['--noEmit', '--project', project],
  })),
]

const outcomes = [await runSteps(first), await runSteps(second)]
if (outcomes.includes(false)) process.exitCode = 1
