/** Runs all measurements and prints the report; scripts/bench.ts starts and supervises this process. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { judge } from './aims.ts'
import { closeConnections } from './requests.ts'
import type { Effort } from './measure.ts'
import { renderReport } from './report.ts'
import { runBench } from './run.ts'
import { startServers } from './servers.ts'
import { measureStartup } from './bundle.ts'
import { whenAskedToEnd } from '../local/when-asked-to-end.ts'

const RESULTS = 'bench-results.json'
const MEMORY = '/dev/shm'
const EFFORT: Effort = {
  warmUp: 300,
  rounds: 11,
  perRound: 60,
  throughputRounds: 3,
  throughputMs: 2_000,
  users: 2_000,
  usersRounds: 4,
  // A local workerd evicts an object after ten seconds.
  idleMs: 12_000,
  stormRounds: 5,
  stormMs: 1_200,
  ends: 20,
}
const STARTS = 5

const { values: options } = parseArgs({ options: { disk: { type: 'boolean', default: false } } })

async function main(signal: AbortSignal): Promise<void> {
  // A call is stored before its effect. Locally that is an fsync on the thread that all Workers share;
  // in production it is not. So the default state folder is in memory, unless the disk is requested.
  const state = !options.disk && existsSync(MEMORY) ? 'memory' : 'disk'
  const folder = mkdtempSync(join(state === 'memory' ? MEMORY : tmpdir(), 'mcp-bench-'))
  // Removed on exit, because miniflare ends this process itself on a signal.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  await using everything = new AsyncDisposableStack()
  console.log('Measuring start-up …')
  const startupMs = await measureStartup(folder, STARTS)
  console.log('Starting the Workers …')
  const servers = everything.use(await startServers(folder))
  everything.defer(closeConnections)
  console.log('Measuring requests …\n')
  const figures = { state, ...(await runBench(servers, EFFORT, signal)), startupMs } as const
  const aims = judge(figures)
  writeFileSync(RESULTS, `${JSON.stringify({ ...figures, aims }, null, 2)}\n`)
  console.log(`${renderReport(figures, aims)}\n\nAll of it: ${RESULTS}`)
}

const end = whenAskedToEnd()
try {
  await main(end)
} catch (error) {
  // Errors after an interrupt are expected.
  if (!end.aborted) throw error
  process.exitCode = 1
}
