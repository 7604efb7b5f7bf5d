/** `npm run deploy -- production`: deploys an environment with wrangler if it has an address, and migrates it. */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { commandsOf, denialOf, requestOf } from './deploy/check-address.ts'
import { runScript, StartProblem } from '#harness/local/start-problem.ts'
import { ROOT } from '#harness/local/workers.ts'

const WRANGLER = join(
  dirname(createRequire(import.meta.url).resolve('wrangler/package.json')),
  'bin/wrangler.js',
)

async function main(): Promise<number> {
  const request = requestOf(process.argv.slice(2))
  const denial = denialOf(join(ROOT, 'wrangler.jsonc'), request)
  if (denial !== undefined) throw new StartProblem(`${denial} Nothing was deployed.`)
  for (const parameters of commandsOf(request)) {
    const code = await runWrangler(parameters)
    if (code !== 0) return code
  }
  return 0
}

function runWrangler(parameters: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [WRANGLER, ...parameters], { cwd: ROOT, stdio: 'inherit' })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}

await runScript(main)
