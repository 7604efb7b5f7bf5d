/** `npm run deploy -- production`: checks, uploads, migrates and tests an environment, one line for each step. */
import { join } from 'node:path'
import { deployCommand } from './deploy/deploy.ts'
import { liveDeps, packageVersion, runDeployScript } from './deploy/live-deps.ts'
import { ROOT } from '#harness/local/workers.ts'

await runDeployScript(() =>
  deployCommand(process.argv.slice(2), {
    deps: liveDeps,
    file: join(ROOT, 'wrangler.jsonc'),
    version: packageVersion(),
  }),
)
