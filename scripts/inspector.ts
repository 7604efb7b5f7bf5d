/** `npm run inspector`: opens MCP Inspector on the local server. Arguments after `--` go to the Inspector. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { findLiveRun } from '#harness/local/run-record.ts'
import { readRunId } from '#harness/local/health.ts'
import { portsFrom } from '#harness/local/ports.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { whenAskedToEnd } from '#harness/local/when-asked-to-end.ts'
import { ROOT } from '#harness/local/workers.ts'
import { DEFAULT_STATE } from '#harness/local/chosen-product.ts'

const INSPECTOR = join(ROOT, 'node_modules/.bin/inspector')

async function findServer(): Promise<string | undefined> {
  const run = await findLiveRun(describeStateFolder(DEFAULT_STATE))
  if (run !== undefined) return run.origin
  const origin = `http://localhost:${portsFrom(process.env).mcp}`
  return (await readRunId(`${origin}/health`)) === undefined ? undefined : origin
}

async function main(): Promise<number> {
  const origin = await findServer()
  if (origin === undefined) {
    console.error('The MCP server is not running here. Start it in another terminal: npm start')
    return 1
  }
  // Ctrl-C reaches the Inspector too; this process waits for it to exit.
  whenAskedToEnd()
  // `--product` chooses the state folder; everything else is the Inspector's.
  const given = process.argv
    .slice(2)
    .filter((word, at, all) => word !== '--product' && all[at - 1] !== '--product')
  const target = ['--transport', 'http', '--server-url', `${origin}/mcp`, '--protocol-era', 'auto']
  const child = spawn(process.execPath, [INSPECTOR, ...given, ...target], { stdio: 'inherit' })
  return new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(`MCP Inspector could not be started: ${error.message}`)
      resolve(1)
    })
    child.once('close', (code) => resolve(code ?? 0))
  })
}

process.exitCode = await main()
