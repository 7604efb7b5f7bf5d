/** `npm run doctor`: checks the settings, also against PingOne. Read-only and without a sign-in. */
import { parseArgs } from 'node:util'
import { checkAuditState } from './doctor/check-audit.ts'
import { examine } from './doctor/examine.ts'
import { lineOf } from './doctor/finding.ts'
import { readDeployment, readLocal } from './doctor/read-settings.ts'
import { DEFAULT_STATE } from '#harness/local/chosen-product.ts'
import { runScript } from '#harness/local/start-problem.ts'

const { values: options } = parseArgs({
  options: {
    'env-file': { type: 'string' },
    state: { type: 'string', default: DEFAULT_STATE },
    product: { type: 'string' },
  },
})

async function main(): Promise<number> {
  const path = options['env-file']
  const settings = path === undefined ? readLocal(options.state) : readDeployment(path)
  const ofState = await checkAuditState(path === undefined ? options.state : undefined)
  const findings = [...(await examine(settings, fetch)), ...ofState]
  for (const finding of findings) console.log(lineOf(finding))
  return findings.some(({ level }) => level === 'problem') ? 1 : 0
}

await runScript(main)
