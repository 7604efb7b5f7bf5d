/** `npm run rollback -- production`: makes the previous version of an environment live again, and tests it. */
import { join } from 'node:path'
import { liveDeps, runDeployScript } from './deploy/live-deps.ts'
import { rollbackCommand } from './deploy/rollback.ts'
import { ROOT } from '#harness/local/workers.ts'

await runDeployScript(() =>
  rollbackCommand(process.argv.slice(2), { deps: liveDeps, file: join(ROOT, 'wrangler.jsonc') }),
)
