import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readPrivateFile, writePrivateFile } from './private-file.ts'
import { whyUnreadable, writeMark } from './release-mark.ts'
import { StartProblem } from './start-problem.ts'

/** Changes with the names of classes, bindings and tables: data under other names would not be found. */
const FORMAT = '3\n'

/** What one start keeps on disk. It holds keys and the data of users, so only its owner may read it. */
export interface StateFolder {
  readonly path: string
  readonly keys: string
  /** The format of `data`. */
  readonly format: string
  /** Which release wrote `data` last (release-mark.ts). */
  readonly release: string
  /** The slug of the product that `data` belongs to. */
  readonly product: string
  /** The MCP Worker's entry for a product that src/index.ts does not serve. */
  readonly entry: string
  readonly run: string
  readonly data: string
  readonly registry: string
  readonly logs: string
  /** The events of the MCP server, one JSON object per line. */
  readonly events: string
  settingsOf(worker: string): string
  logOf(worker: string): string
}

export function describeStateFolder(folder: string): StateFolder {
  const path = resolve(folder)
  return {
    path,
    keys: join(path, 'keys.json'),
    format: join(path, 'format'),
    release: join(path, 'release.json'),
    product: join(path, 'product'),
    entry: join(path, 'entry.ts'),
    run: join(path, 'run.json'),
    data: join(path, 'data'),
    registry: join(path, 'registry'),
    logs: join(path, 'logs'),
    events: join(path, 'logs', 'mcp.jsonl'),
    settingsOf: (worker) => join(path, `${worker}.env`),
    logOf: (worker) => join(path, 'logs', `${worker}.log`),
  }
}

/**
 * Empties the registry on every start: an entry of a dead run would connect a Worker to nobody. Data of another release's
 * format or of another product is refused and left as it is.
 */
export function openStateFolder(folder: StateFolder, isFresh: boolean, product: string): void {
  const why = isFresh || !existsSync(folder.data) ? undefined : whyUnreadable(folder, FORMAT)
  if (why !== undefined)
    throw new StartProblem(
      `The state in ${folder.path} cannot be opened: ${why}. Nothing was changed. Begin empty: npm start -- --fresh ` +
        '(deletes it), or keep it and use another folder: npm start -- --state .wrangler/other',
    )
  const before = readPrivateFile(folder.product)?.trim()
  if (!isFresh && existsSync(folder.data) && before !== undefined && before !== product)
    throw new StartProblem(
      `The state in ${folder.path} belongs to the product ${before}, not to ${product}. Begin empty: npm start -- --fresh, or use another folder: npm start -- --state .wrangler/${product}`,
    )
  const old = isFresh ? [folder.keys, folder.data, folder.logs, folder.run] : [folder.logs]
  for (const path of [...old, folder.registry]) rmSync(path, { recursive: true, force: true })
  mkdirSync(folder.path, { recursive: true })
  chmodSync(folder.path, 0o700)
  // Before the data, so that no data is ever without it.
  writePrivateFile(folder.format, FORMAT)
  writeMark(folder)
  writePrivateFile(folder.product, `${product}\n`)
  for (const path of [folder.data, folder.registry, folder.logs]) mkdirSync(path, { recursive: true })
}
