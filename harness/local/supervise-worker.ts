import { waitForRun } from './health.ts'
import type { WorkerName } from './plan.ts'
import type { GivenSettings } from './settings.ts'
import { StartProblem } from './start-problem.ts'
import type { StateFolder } from './state-folder.ts'
import type { Warden } from './warden.ts'
import type { Worker } from './workers.ts'
import { runWranglerDev, type WranglerDev } from './wrangler-dev.ts'

export interface Ending {
  readonly name: WorkerName
  readonly how: string
  readonly lastLines: readonly string[]
}

interface Surroundings {
  readonly folder: StateFolder
  readonly runId: string
  readonly warden: Warden
  readonly onDied: (ending: Ending) => void
  readonly onLine: ((name: WorkerName, line: string) => void) | undefined
}

const START_DEADLINE_MS = 90_000
const KEPT_LINES = 20_000
const OUR_OWN_QUESTION = /^\[wrangler:info\] GET \/(?:__emulator\/)?health /

/** Keeps one Worker running: start and end as often as wanted, and knows an end that nobody asked for. */
export function superviseWorker(worker: Worker, { folder, runId, warden, onDied, onLine }: Surroundings) {
  const lines: string[] = []
  let current: WranglerDev | undefined
  let described = worker

  const keep = (line: string) => {
    if (OUR_OWN_QUESTION.test(line)) return
    lines.push(line)
    if (lines.length > KEPT_LINES) lines.shift()
    onLine?.(worker.name, line)
  }

  async function start(signal?: AbortSignal): Promise<void> {
    const running = runWranglerDev(described, folder, keep)
    current = running
    warden.watch(running.groupId)
    const deadline = AbortSignal.any([
      AbortSignal.timeout(START_DEADLINE_MS),
      ...(signal === undefined ? [] : [signal]),
    ])
    const ended = new AbortController()
    const dead = running.ended.then((how) => {
      ended.abort()
      if (current === running) onDied(endingOf(how))
      return how
    })
    const instead = await waitForRun(worker.health, runId, AbortSignal.any([deadline, ended.signal]))
    if (instead === undefined || signal?.aborted === true) return
    throw new StartProblem(describeEnding(endingOf(ended.signal.aborted ? await dead : instead)))
  }

  const endingOf = (how: string): Ending => ({ name: worker.name, how, lastLines: lines.slice(-15) })

  const leave = async (how: 'end' | 'kill9') => {
    const running = current
    current = undefined
    if (running === undefined) return
    await running[how]()
    warden.forget(running.groupId)
  }

  /** What it is told from its next start on; undefined takes one away. */
  const tell = (variables: GivenSettings) => {
    described = { ...described, variables: { ...described.variables, ...variables } }
  }

  return { lines, start, tell, end: () => leave('end'), kill9: () => leave('kill9') }
}

export const describeEnding = ({ name, how, lastLines }: Ending): string =>
  [`${name}: ${how}. Its last lines:`, ...lastLines.map((line) => `  ${line}`)].join('\n')
