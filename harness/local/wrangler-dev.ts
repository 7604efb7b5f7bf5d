import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { withoutSecrets } from '#lib/redacted.ts'
import type { DevWorker } from './dev-worker.ts'
import { formatEnvFile } from './env-file.ts'
import { openLogFiles } from './log-files.ts'
import { writePrivateFile } from './private-file.ts'
import { endGroup, killGroup } from './process-group.ts'
import { SETTING_NAMES } from './settings.ts'
import type { StateFolder } from './state-folder.ts'
import { ROOT, type Worker } from './workers.ts'

/** One running Worker with wrangler around it, in a process group of its own. */
export interface WranglerDev {
  readonly groupId: number
  /** Resolves when the process is gone, whoever ended it, with a phrase that says how. */
  readonly ended: Promise<string>
  end(): Promise<void>
  kill9(): Promise<void>
}

const DEV_WORKER = fileURLToPath(new URL('dev-worker.ts', import.meta.url))

export function runWranglerDev(
  worker: Worker,
  folder: StateFolder,
  onLine: (line: string) => void,
): WranglerDev {
  writePrivateFile(folder.settingsOf(worker.name), formatEnvFile(worker.variables))
  const child = spawn(process.execPath, [DEV_WORKER, JSON.stringify(asDevWorker(worker, folder))], {
    cwd: ROOT,
    env: wranglerEnvironment(folder),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${DEV_WORKER} could not be started`)
  const files = openLogFiles(folder, worker.name)
  child.once('close', () => void files.end())
  readLines(child, (line) => {
    files.write(line)
    onLine(line)
  })
  return {
    groupId: pid,
    ended: new Promise((resolve) =>
      child.once('exit', (code, signal) =>
        resolve(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`),
      ),
    ),
    end: () => endGroup(pid),
    kill9: () => killGroup(pid),
  }
}

const asDevWorker = (worker: Worker, folder: StateFolder): DevWorker => ({
  config: join(ROOT, worker.config),
  ...(worker.api === undefined ? {} : { api: worker.api }),
  ...(worker.entry === undefined ? {} : { entrypoint: worker.entry }),
  envFile: folder.settingsOf(worker.name),
  port: worker.port,
  persist: join(folder.data, worker.name),
  registry: folder.registry,
  isInspected: worker.isInspected ?? false,
  ...(worker.shownAs === undefined ? {} : { shownAs: worker.shownAs }),
})

/** No setting and no switch of wrangler comes in from the terminal: the file given is all that a Worker sees. */
function wranglerEnvironment(folder: StateFolder): NodeJS.ProcessEnv {
  const names: readonly string[] = SETTING_NAMES
  const kept = Object.entries(process.env).filter(
    ([name]) => !names.includes(name) && !/^(?:CLOUDFLARE|WRANGLER|MINIFLARE|CF)_/.test(name),
  )
  return {
    // Compiling its own scripts is a fifth of what wrangler does before a Worker answers.
    NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/node'),
    ...Object.fromEntries(kept),
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    NO_COLOR: '1',
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_LOG_PATH: join(folder.logs, 'wrangler'),
    WRANGLER_SEND_ERROR_REPORTS: 'false',
    WRANGLER_SEND_METRICS: 'false',
    // wrangler's trace store keeps the URLs of all requests on disk, authorization codes included.
    // Its explorer shows all storage to everyone who reaches the Worker, through a tunnel too.
    X_LOCAL_OBSERVABILITY: 'false',
    X_LOCAL_EXPLORER: 'false',
  }
}

/** wrangler logs the path of every request, and the path of a step-up is its link. */
const WRANGLERS_REQUEST = /^\[wrangler:info\] [A-Z]+ \//

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  for (const input of [child.stdout, child.stderr]) {
    if (input === null) continue
    createInterface({ input }).on('line', (coloured) => {
      const plain = stripVTControlCharacters(coloured).trimEnd()
      const line = WRANGLERS_REQUEST.test(plain) ? withoutSecrets(plain) : plain
      if (line !== '') onLine(line)
    })
  }
}
