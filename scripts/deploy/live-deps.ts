import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { product } from '#harness/local/chosen-product.ts'
import { runScript } from '#harness/local/start-problem.ts'
import { ROOT } from '#harness/local/workers.ts'
import { checkVars, readConfiguration } from '../doctor/check-vars.ts'
import { examine } from '../doctor/examine.ts'
import { readDeployment } from '../doctor/read-settings.ts'
import { askAtTerminal } from '../operate/terminal.ts'
import { runSmoke } from '../smoke/run.ts'
import { UsageProblem } from './options.ts'
import type { Confirm } from './rollback.ts'
import type { DeployDeps } from './steps.ts'
import { runCommand, runWrangler, signInToCloudflare } from './wrangler.ts'

/** The real commands, PingOne and the terminal. */
export const liveDeps: DeployDeps & { readonly confirm: Confirm } = {
  wrangler: runWrangler,
  command: runCommand,
  print: (line) => console.log(line),
  readSettings: readDeployment,
  examine: async (settings, environment) => [
    ...checkVars(await readConfiguration(join(ROOT, 'wrangler.jsonc')), environment),
    ...(await examine(settings, fetch)),
  ],
  smoke: (origin, commit) => runSmoke(new URL(origin), commit === null ? {} : { commit }),
  signIn: process.stdin.isTTY ? signInToCloudflare : null,
  product,
  confirm: async (question) =>
    process.stdin.isTTY ? /^y(?:es)?$/i.test((await askAtTerminal(`${question} [y/N] `)).trim()) : null,
}

const Package = z.object({ version: z.string() })
export const packageVersion = (): string =>
  Package.parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))).version

/** Exit codes: 0 done, 1 stopped or refused, 2 wrong use. */
export const runDeployScript = (main: () => Promise<number>): Promise<void> =>
  runScript(async () => {
    try {
      return await main()
    } catch (error) {
      if (!(error instanceof UsageProblem)) throw error
      console.error(error.message)
      return 2
    }
  })
