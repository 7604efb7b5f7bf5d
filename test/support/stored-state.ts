import { readdirSync, readFileSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describeStateFolder } from '#harness/local/state-folder.ts'

interface StoredFile {
  readonly path: string
  /** Its bytes as latin1, so that every byte is a character. */
  readonly text: string
}

/**
 * Every file below a folder while servers write there. When an idle object closes its database, SQLite moves the log
 * into it and deletes the log: then everything is read again, because moved content could be in neither reading.
 */
export function storedFiles(folder: string): readonly StoredFile[] {
  for (;;) {
    const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
    try {
      return paths.map((path) => ({ path, text: readFileSync(path, 'latin1') }))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    }
  }
}

/** Expires all keys with this prefix in the local KV. Returns the seconds that each had left. */
export function expireStored(stateDir: string, prefix: 'transaction:' | 'client:'): readonly number[] {
  const folder = join(describeStateFolder(stateDir).data, 'mcp')
  const nowMs = Date.now()
  return globSync('**/kv/**/*.sqlite', { cwd: folder }).flatMap((file) => {
    using database = new DatabaseSync(join(folder, file), { timeout: 5_000 })
    const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = '_mf_entries'").get()
    if (table === undefined) return []
    const rows = database
      .prepare('SELECT expiration FROM _mf_entries WHERE key LIKE ? AND expiration > ?')
      .all(`${prefix}%`, nowMs)
    database.prepare('UPDATE _mf_entries SET expiration = ? WHERE key LIKE ?').run(nowMs - 1000, `${prefix}%`)
    return rows.map(({ expiration }) => (Number(expiration) - nowMs) / 1000)
  })
}
