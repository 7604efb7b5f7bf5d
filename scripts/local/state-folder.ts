import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readPrivateFile, writePrivateFile } from './private-file.ts'
import { StartProblem } from './start-problem.ts'

/** Changes with the names of classes, bindings and tables: data under other names would not be found. */
const FORMAT = '2\n'

/** What one start keeps on disk. It holds keys and the data of users, so only its owner may read it. */
export interface StateFolder {
  readonly path: string
  readonly keys: string
  /** The format of `data`. */
  readonly format: string
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
    format: join(path, 'format'),
    run: join(path, 'run.json'),
    data: join(path, 'data'),
    registry: join(path, 'registry'),
    logs: join(path, 'logs'),
    settingsOf: (worker) => join(path, `${worker}.env`),
    logOf: (worker) => join(path, 'logs', `${worker}.log`),
  }
}

/**
 * Empties the registry on every start: an entry of a dead run would connect a Worker to nobody. Data of another release's
 * format is refused and left as it is.
 */
export function openStateFolder(folder: StateFolder, isFresh: boolean): void {
  if (!isFresh && existsSync(folder.data) && readPrivateFile(folder.format) !== FORMAT)
    throw new StartProblem(
      `The state in ${folder.path} was written by another release, which kept it in another form. Begin empty: npm start -- --fresh`,
    )
  const old = isFresh ? [folder.keys, folder.data, folder.logs, folder.run] : [folder.logs]
  for (const path of [...old, folder.registry]) rmSync(path, { recursive: true, force: true })
  mkdirSync(folder.path, { recursive: true })
  chmodSync(folder.path, 0o700)
  // Before the data, so that no data is ever without it.
  writePrivateFile(folder.format, FORMAT)
  for (const path of [folder.data, folder.registry, folder.logs]) mkdirSync(path, { recursive: true })
}
