import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { chosen, entryFor, product } from './chosen-product.ts'
import { keepKeys } from './keys.ts'
import { requireGoodSettings } from './explain-settings.ts'
import { DEFAULT_PORTS, planLocal, type Ports, WORKER_NAMES, type WorkerName } from './plan.ts'
import { requireFreePorts } from './ports.ts'
import { otherOriginBefore, refuseSecondRun, writeRunRecord } from './run-record.ts'
import type { GivenSettings, Settings } from './settings.ts'
import { describeStateFolder, openStateFolder, type StateFolder } from './state-folder.ts'
import { postWarden } from './warden.ts'
import { type Ending, superviseWorker } from './supervise-worker.ts'
import { localWorkers } from './workers.ts'

export interface LocalOptions {
  /** Where data, keys, settings files and logs are kept. */
  readonly stateDir: string
  readonly ports?: Ports
  /** Settings of the MCP server over the local defaults; an empty one takes its default away. */
  readonly settings?: GivenSettings
  /** Only these of the Workers that the settings call for. */
  readonly workers?: readonly WorkerName[]
  /** Where the Workers listen when something else stands at `ports`: somebody who watches, say. */
  readonly behind?: Ports
  /** The MCP Worker's entry instead of that of the chosen product. */
  readonly entry?: string
  readonly isFresh?: boolean
  /** Opens a debugger for the MCP server. Nothing else does. */
  readonly isInspected?: boolean
  /** Every line that a Worker or its wrangler says. */
  readonly onLine?: (name: WorkerName, line: string) => void
  readonly signal?: AbortSignal
}

/** The servers of one run, all answering. Nothing of it is left after stop(), nor when its owner is killed. */
export interface Local extends AsyncDisposable {
  readonly runId: string
  readonly origin: string
  readonly mcpUrl: string
  readonly issuer: string
  /** Undefined when the settings name a PingOne, or an API, of their own. */
  readonly emulatorOrigin: string | undefined
  readonly apiOrigin: string | undefined
  readonly settings: Settings
  /** Where the last run on this state was, if it was not here. */
  readonly movedFrom: string | undefined
  readonly workers: readonly WorkerName[]
  /** Resolves when a Worker ends that nobody ended. */
  readonly died: Promise<Ending>
  logs(name: WorkerName): readonly string[]
  stop(): Promise<void>
  /** As a crash: the whole group of the Worker, without warning. */
  kill9(name: WorkerName): Promise<void>
  /**
   * Ends the Worker if it is there, starts it again on its port and state, and waits until it answers. `change`: what it
   * is told otherwise from then on, as an operator does.
   */
  restart(name: WorkerName, change?: GivenSettings): Promise<void>
}

/** With `--product`, an entry for that product in the state folder; src/index.ts stays as it is. */
function otherEntry({ entry }: StateFolder, given: string | undefined): { entry?: string } {
  if (given !== undefined) return { entry: given }
  if (chosen.isOfEntry) return {}
  writeFileSync(entry, entryFor(chosen))
  return { entry }
}

export async function startLocal(options: LocalOptions): Promise<Local> {
  const { ports = DEFAULT_PORTS, settings: given = {}, workers: wanted = WORKER_NAMES } = options
  const folder = describeStateFolder(options.stateDir)
  await refuseSecondRun(folder)
  openStateFolder(folder, options.isFresh ?? false, product.slug)
  const plan = planLocal(given, ports, keepKeys(folder.keys))
  if (wanted.includes('mcp')) requireGoodSettings(plan)
  const runId = randomUUID()
  const described = localWorkers(plan, ports, runId, options.behind)
    .filter(({ name }) => wanted.includes(name))
    .map((worker) =>
      worker.name === 'mcp'
        ? { ...worker, ...otherEntry(folder, options.entry), isInspected: options.isInspected ?? false }
        : worker,
    )
  await requireFreePorts(described)

  const warden = postWarden()
  const died = Promise.withResolvers<Ending>()
  const supervised = new Map(
    described.map((worker) => [
      worker.name,
      superviseWorker(worker, { folder, runId, warden, onDied: died.resolve, onLine: options.onLine }),
    ]),
  )
  const workerNamed = (name: WorkerName) => {
    const worker = supervised.get(name)
    if (worker === undefined) throw new Error(`${name} is not part of this run`)
    return worker
  }
  const stop = async () => {
    await Promise.all([...supervised.values()].map((worker) => worker.end()))
    warden.dismiss()
  }
  const originOf = (name: WorkerName) => described.find((worker) => worker.name === name)?.origin
  const origin = plan.settings.PUBLIC_ORIGIN ?? `http://localhost:${ports.mcp}`
  const emulatorOrigin = originOf('pingone')
  const health = described.map((worker) => worker.health)
  const movedFrom = otherOriginBefore(folder, origin)
  writeRunRecord(folder, { runId, origin, emulatorOrigin: emulatorOrigin ?? null, health })
  try {
    await Promise.all([...supervised.values()].map((worker) => worker.start(options.signal)))
  } catch (error) {
    await stop()
    throw error
  }
  return {
    runId,
    origin,
    mcpUrl: `${origin}/mcp`,
    issuer: plan.settings.PINGONE_ISSUER ?? '',
    emulatorOrigin,
    apiOrigin: originOf('api'),
    settings: plan.settings,
    movedFrom,
    workers: described.map(({ name }) => name),
    died: died.promise,
    logs: (name) => workerNamed(name).lines,
    stop,
    kill9: (name) => workerNamed(name).kill9(),
    restart: async (name, change = {}) => {
      const worker = workerNamed(name)
      await worker.end()
      worker.tell(change)
      await worker.start()
    },
    [Symbol.asyncDispose]: stop,
  }
}
