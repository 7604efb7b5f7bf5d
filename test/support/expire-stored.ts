import { globSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describeStateFolder } from '../../scripts/local/state-folder.ts'

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
