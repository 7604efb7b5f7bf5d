/** Runs all measurements and prints the report; scripts/bench.ts starts and supervises this process. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { whenAskedToEnd } from '#harness/local/when-asked-to-end.ts'
import { judge } from './aims.ts'
import { measureStartup } from './bundle.ts'
import { type Effort, ratiosOf } from './measure.ts'
import { readPeer } from './peer.ts'
import { measurePolicies, renderPolicies } from './policy.ts'
import { measureQuestions, renderQuestions } from './questions/measure-questions.ts'
import { renderReport } from './report.ts'
import { closeConnections } from './requests.ts'
import { hundredRules, measureRules, renderRules } from './ruled.ts'
import { noFigures, runBench } from './run.ts'
import { startServers, type Servers } from './servers.ts'
import { measureSwitches, renderSwitches } from './switched.ts'

const RESULTS = 'bench-results.json'
const MEMORY = '/dev/shm'
/** The supervisor kills this process 20 s later. */
const DEADLINE_MS = 280_000
const QUESTIONS_DEADLINE_MS = 580_000
const FULL: Effort = {
  warmUp: 300,
  rounds: 11,
  perRound: 60,
  throughputRounds: 6,
  throughputMs: 700,
  users: 2_000,
  usersRounds: 4,
  // A local workerd evicts an object after ten seconds.
  idleMs: 12_000,
  stormRounds: 4,
  stormMs: 1_000,
  ends: 20,
}
const QUICK: Effort = {
  ...FULL,
  warmUp: 60,
  rounds: 6,
  perRound: 15,
  throughputMs: 200,
  users: 100,
  usersRounds: 2,
  stormRounds: 2,
  stormMs: 300,
  ends: 4,
}
const STARTS = 3

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    questions: { type: 'boolean', default: false },
    policy: { type: 'boolean', default: false },
    rules: { type: 'boolean', default: false },
    switch: { type: 'boolean', default: false },
    disk: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    peer: { type: 'string' },
  },
})
// A call is stored before its effect. Locally that is an fsync on the thread that all Workers share;
// in production it is not. So the default state folder is in memory, unless the disk is requested.
const state = !options.disk && existsSync(MEMORY) ? 'memory' : 'disk'
const figures = noFigures(state)
const peer = options.peer === undefined ? undefined : readPeer(resolve(options.peer))
const effort = options.quick ? QUICK : FULL

let isReported = false
/** Writes and prints what was measured. Synchronous, because miniflare ends this process itself on a signal. */
function report(): void {
  if (isReported) return
  isReported = true
  const aims = judge(figures)
  const ratios = ratiosOf(figures.latency, figures.throughput)
  writeFileSync(RESULTS, `${JSON.stringify({ ...figures, ratios, aims }, null, 2)}\n`)
  console.log(`${renderReport(figures, aims)}\n\nAll of it: ${RESULTS}`)
}

const MANY_EVENTS = 1_000_000
/** `--questions [events]`: questions of the audit log. They need no Worker. */
async function askLog(signal: AbortSignal): Promise<void> {
  const [given, ...others] = positionals
  const events = given === undefined ? MANY_EVENTS : Number(given)
  if (others.length > 0 || !Number.isInteger(events) || events < 1)
    throw new Error('Accepted: npm run bench -- --questions [number of events]')
  const figures = await measureQuestions(events, { signal, say: (line) => console.log(line) })
  console.log(renderQuestions(figures, events))
}

/** `--policy`: decisions of policies. They need no Worker. */
async function decide(signal: AbortSignal): Promise<void> {
  console.log(renderPolicies(await measurePolicies(signal)))
}

/** `--rules` and `--switch`: what policy costs a call, and how soon a switch stops one. */
async function onServers(measure: (servers: Servers) => Promise<string>, policy?: string): Promise<void> {
  const folder = mkdtempSync(join(state === 'memory' ? MEMORY : tmpdir(), 'mcp-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  await using servers = await startServers(folder, { policy })
  try {
    console.log(await measure(servers))
  } finally {
    closeConnections()
  }
}

async function main(signal: AbortSignal): Promise<void> {
  const folder = mkdtempSync(join(state === 'memory' ? MEMORY : tmpdir(), 'mcp-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  await using everything = new AsyncDisposableStack()
  console.log('Starting the Workers …')
  const servers = everything.use(await startServers(folder, { peer }))
  everything.defer(closeConnections)
  console.log('Measuring requests …\n')
  await runBench(servers, effort, signal, figures, peer)
  console.log('Measuring start-up …\n')
  figures.startupMs = await measureStartup(folder, STARTS)
}

const isAlone = options.questions || options.policy || options.rules || options.switch
const end = AbortSignal.any([
  whenAskedToEnd(),
  AbortSignal.timeout(options.questions ? QUESTIONS_DEADLINE_MS : DEADLINE_MS),
])
end.addEventListener('abort', () => {
  console.error(`Ended before everything was measured.${isAlone ? '' : ' So far:\n'}`)
  process.exitCode = 1
  if (!isAlone) report()
})
try {
  await (options.questions
    ? askLog(end)
    : options.policy
      ? decide(end)
      : options.rules
        ? onServers(async (servers) => renderRules(await measureRules(servers, end)), hundredRules())
        : options.switch
          ? onServers(async (servers) => renderSwitches(await measureSwitches(servers, end)))
          : main(end))
} catch (error) {
  // Errors after an interrupt are expected.
  if (!end.aborted) {
    console.error(error)
    process.exitCode = 1
  }
}
if (!isAlone) report()
