import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'
import { formatEnvFile } from './env-file.ts'
import { writePrivateFile } from './private-file.ts'
import { endGroup, killGroup } from './process-group.ts'
import { SETTING_NAMES } from './settings.ts'
import type { StateFolder } from './state-folder.ts'
import { ROOT, type Worker } from './workers.ts'

/** One running `wrangler dev`, in a process group of its own. */
export interface WranglerDev {
  readonly groupId: number
  /** Resolves when the process is gone, whoever ended it, with a phrase that says how. */
  readonly ended: Promise<string>
  end(): Promise<void>
  kill9(): Promise<void>
}

const WRANGLER = join(
  dirname(createRequire(import.meta.url).resolve('wrangler/package.json')),
  'bin/wrangler.js',
)

export function runWranglerDev(
  worker: Worker,
  folder: StateFolder,
  onLine: (line: string) => void,
): WranglerDev {
  writePrivateFile(folder.settingsOf(worker.name), formatEnvFile(worker.variables))
  const child = spawn(process.execPath, [WRANGLER, ...wranglerArguments(worker, folder)], {
    cwd: ROOT,
    env: wranglerEnvironment(folder),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`wrangler could not be started from ${WRANGLER}`)
  readLines(child, folder.logOf(worker.name), onLine)
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

// `--ip localhost` listens on every address that this machine calls localhost: 127.0.0.1, ::1 or both. With one of
// them fixed, `http://localhost` fails in Node wherever the name means the other.
const wranglerArguments = (worker: Worker, folder: StateFolder): readonly string[] => [
  'dev',
  `--config=${join(ROOT, worker.config)}`,
  `--env-file=${folder.settingsOf(worker.name)}`,
  '--ip=localhost',
  `--port=${worker.port}`,
  '--inspector-port=0',
  // A folder each: two runtimes that open the same database files at once fail with SQLITE_BUSY now and then.
  `--persist-to=${join(folder.data, worker.name)}`,
  '--show-interactive-dev-session=false',
  ...(worker.shownAs === undefined ? [] : tunnelArguments(new URL(worker.shownAs))),
]

/** Behind a tunnel the Worker sees the address that people use, as it would in a deployment. */
const tunnelArguments = ({ host, protocol }: URL): readonly string[] => [
  `--local-upstream=${host}`,
  `--upstream-protocol=${protocol.replace(':', '')}`,
]

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
    WRANGLER_REGISTRY_PATH: folder.registry,
    WRANGLER_SEND_ERROR_REPORTS: 'false',
    WRANGLER_SEND_METRICS: 'false',
    // Its store of traces keeps the addresses of all requests on disk, with the codes of logins in them.
    X_LOCAL_OBSERVABILITY: 'false',
  }
}

function readLines(child: ChildProcess, logFile: string, onLine: (line: string) => void): void {
  const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 })
  for (const input of [child.stdout, child.stderr]) {
    if (input === null) continue
    createInterface({ input }).on('line', (coloured) => {
      const line = stripVTControlCharacters(coloured).trimEnd()
      if (line === '') return
      log.write(`${line}\n`)
      onLine(line)
    })
  }
  child.once('close', () => log.end())
}
