import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** What one start keeps on disk. It holds keys and users's data, so only its owner may read it. */
export interface StateFolder {
  readonly path: string
  readonly keys: string
  readonly run: string
  readonly data: string
  readonly registry: string
  readonly logs: string
  settingsOf(worker: string): string
  logOf(worker: string): string
}

export function describeStateFolder(folder: string): StateFolder {
  const path = resolve(folder)
  return {
    path,
    keys: join(path, 'keys.json'),
    run: join(path, 'run.json'),
    data: join(path, 'data'),
    registry: join(path, 'registry'),
    logs: join(path, 'logs'),
    settingsOf: (worker) => join(path, `${worker}.env`),
    logOf: (worker) => join(path, 'logs', `${worker}.log`),
  }
}

/** The registry is emptied on every start: an entry of a dead run would connect a Worker to nobody. */
export function openStateFolder(folder: StateFolder, isFresh: boolean): void {
  const old = isFresh ? [folder.keys, folder.data, folder.logs, folder.run] : [folder.logs]
  for (const path of [...old, folder.registry]) rmSync(path, { recursive: true, force: true })
  for (const path of [folder.path, folder.data, folder.registry, folder.logs]) {
    mkdirSync(path, { recursive: true })
  }
  chmodSync(folder.path, 0o700)
}
