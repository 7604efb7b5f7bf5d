import { dirname, join, relative } from 'node:path'
import { ROOT } from '#harness/local/workers.ts'
import { projectFiles } from './project-files.ts'
import type { CheckStep } from './run-step.ts'

/**
 * `wrangler types` for every Worker, into worker-configuration.d.ts beside its wrangler.jsonc. The empty env file excludes
 * names of a local .dev.vars; without --strict-vars a variable's type would be its value.
 */
export const typeSteps = (): readonly CheckStep[] =>
  projectFiles('wrangler.jsonc').map((config) => ({
    name: `types ${relative(ROOT, config)}`,
    run: 'wrangler',
    parameters: [
      'types',
      'worker-configuration.d.ts',
      '--strict-vars=false',
      `--env-file=${join(ROOT, 'harness/empty.env')}`,
    ],
    folder: dirname(config),
  }))
