/** `npm run setup -- production`: asks for what only you know, derives the rest, and writes the settings of a deployment. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readEnvironment } from './deploy/environment.ts'
import { runDeployScript } from './deploy/live-deps.ts'
import { UsageProblem } from './deploy/options.ts'
import { openTerminal } from './setup/ask.ts'
import { setUp } from './setup/set-up.ts'
import { checkEnvironmentName } from './setup/wrangler-file.ts'
import { product } from '#harness/local/chosen-product.ts'
import { ROOT } from '#harness/local/workers.ts'

const USAGE =
  'Accepted form: npm run setup -- <environment> [--api-url <url of your API>] [--file <path of the settings file>]'

function readCommand() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { file: { type: 'string' }, 'api-url': { type: 'string' }, product: { type: 'string' } },
    })
    const [environment, ...others] = positionals
    if (environment === undefined || others.length > 0) throw new TypeError('Say one environment')
    return {
      environment,
      file: resolve(values.file ?? join(homedir(), `mcp-${environment}.json`)),
      apiUrl: values['api-url'],
    }
  } catch (error) {
    throw new UsageProblem(`${error instanceof Error ? error.message.split('. ')[0] : 'unclear'}.\n${USAGE}`)
  }
}

await runDeployScript(async () => {
  const { environment, ...options } = readCommand()
  const configuration = join(ROOT, 'wrangler.jsonc')
  checkEnvironmentName(configuration, environment)
  const facts = readEnvironment(configuration, environment)
  using terminal = openTerminal()
  await setUp({ ...options, facts, configuration, product }, terminal)
  return 0
})
