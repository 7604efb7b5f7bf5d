/** Measures everything and tells it; scripts/bench.ts starts this and sees to it that it ends. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { judge } from './aims.ts'
import { hangUp } from './exchange.ts'
import type { Effort } from './measure.ts'
import { renderReport } from './report.ts'
import { runBench } from './run-bench.ts'
import { startServers } from './servers.ts'
import { measureStartup } from './startup.ts'
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
  // A local workerd lets go of an object after ten.
  idleMs: 12_000,
  stormRounds: 5,
  stormMs: 1_200,
  ends: 20,
}
const STARTS = 5

const { values: options } = parseArgs({ options: { disk: { type: 'boolean', default: false } } })

async function main(signal: AbortSignal): Promise<void> {
  // A call is on record before its effect. Here that is an fsync, on the thread that all Workers of a local workerd
  // share; where this runs in earnest it is not. So the disk of this machine is left out, unless it is asked for.
  const state = !options.disk && existsSync(MEMORY) ? 'memory' : 'disk'
  const folder = mkdtempSync(join(state === 'memory' ? MEMORY : tmpdir(), 'mcp-bench-'))
  // At the very end: miniflare ends this process itself when a signal comes.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  await using everything = new AsyncDisposableStack()
  console.log('Measuring start-up …')
  const startupMs = await measureStartup(folder, STARTS)
  console.log('Starting the Workers …')
  const servers = everything.use(await startServers(folder))
  everything.defer(hangUp)
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
  // What was cut off on request fails in many ways, and none of them is news.
  if (!end.aborted) throw error
  process.exitCode = 1
}
