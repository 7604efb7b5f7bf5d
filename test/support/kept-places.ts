import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import type { Place } from './canaries.ts'
import { audit } from './local-records.ts'
import { storedFiles } from './stored-state.ts'

/** The test Worker that erases users: an entry for the MCP server. */
export const OPERATOR_WORKER = join(import.meta.dirname, 'operator-worker/index.ts')

/** All rows of the databases below a folder. A value that spans pages is in one piece here, and not in the file. */
function rowsBelow(folder: string): Place[] {
  return globSync('**/*.sqlite', { cwd: folder }).flatMap((file) => {
    using database = new DatabaseSync(join(folder, file), { readOnly: true, timeout: 5000 })
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()
    return tables.map(({ name }) => {
      const statement = database.prepare(`SELECT * FROM "${String(name)}"`)
      statement.setReadBigInts(true)
      const kind = file.split('/').slice(1, 3).join('/')
      return { name: `table ${String(name)} of ${kind}`, text: statement.all().map(textOf).join('\n') }
    })
  })
}

const textOf = (row: Readonly<Record<string, unknown>>): string =>
  Object.values(row)
    .map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value)))
    .join(' ')

/** What `npm run audit -- export` writes. */
export async function exported(stateDir: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-export-'))
  try {
    const file = join(folder, 'export.jsonl')
    await audit('export', '--state', stateDir, '--out', file)
    return readFileSync(file, 'utf8')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** All log lines of the MCP server: every line, and the events among them. */
export function logPlaces(stateDir: string): readonly Place[] {
  const folder = describeStateFolder(stateDir)
  return [folder.logOf('mcp'), folder.events].map((path) => ({
    name: `the log ${path.slice(folder.logs.length + 1)}`,
    text: readFileSync(path, 'utf8'),
  }))
}

/** Everything that the MCP server keeps: files of its storage, their rows, an export of the audit log, and the log. */
export async function keptPlaces(stateDir: string): Promise<readonly Place[]> {
  const data = join(describeStateFolder(stateDir).data, 'mcp')
  return [
    ...storedFiles(data).map(({ path, text }) => ({ name: `storage ${path.slice(data.length)}`, text })),
    ...rowsBelow(data),
    { name: 'an export', text: await exported(stateDir) },
    ...logPlaces(stateDir),
  ]
}
