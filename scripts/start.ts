/** `npm start`: everything on this machine, in the foreground, with no account anywhere. */
import { parseArgs } from 'node:util'
import { DEFAULT_STATE } from '#harness/local/chosen-product.ts'
import { printBanner } from '#harness/local/banner.ts'
import { explainSettings } from '#harness/local/explain-settings.ts'
import { createLinePrinter } from '#harness/local/print-lines.ts'
import { portsFrom } from '#harness/local/ports.ts'
import { mergeSettings, readSettingsFile } from '#harness/local/settings.ts'
import { startLocal } from '#harness/local/start-local.ts'
import { runScript } from '#harness/local/start-problem.ts'
import { describeEnding } from '#harness/local/supervise-worker.ts'
import { untilAborted, whenAskedToEnd } from '#harness/local/when-asked-to-end.ts'

const { values: options } = parseArgs({
  options: {
    fresh: { type: 'boolean', default: false },
    inspect: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    state: { type: 'string', default: DEFAULT_STATE },
    product: { type: 'string' },
    settings: { type: 'string', default: '.dev.vars' },
  },
})

async function main(): Promise<number> {
  const end = whenAskedToEnd()
  const fromFile = readSettingsFile(options.settings)
  for (const line of explainSettings(options.settings, fromFile, process.env)) console.error(line)
  console.log('Starting …')
  await using local = await startLocal({
    stateDir: options.state,
    ports: portsFrom({ ...fromFile, ...process.env }),
    settings: mergeSettings(fromFile, process.env),
    isFresh: options.fresh,
    isInspected: options.inspect,
    onLine: createLinePrinter({ isVerbose: options.verbose }),
    signal: end,
  })
  if (end.aborted) return 0
  printBanner(local, options.state)
  const death = await Promise.race([local.died, untilAborted(end)])
  if (death === undefined) return 0
  console.error(describeEnding(death))
  return 1
}

await runScript(main)
