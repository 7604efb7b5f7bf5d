import { globSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { deserialize, serialize } from 'node:v8'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { openRecords } from './local-records.ts'

/** Tables of a user's object, and the key of each one's version. */
const VERSIONED = { calls: 'calls-schema', outbox: 'outbox-schema' } as const

const widen = (database: DatabaseSync, table: string): void =>
  database.exec(
    `ALTER TABLE ${table} ADD COLUMN later TEXT; ALTER TABLE ${table} ADD COLUMN later_count INTEGER NOT NULL DEFAULT 0`,
  )

/**
 * Does what the additive migrations of a later release do, to D1 and to each user's object. No server may run on the folder.
 * Returns the number of tables that are wider now.
 */
export function widenTables(stateDir: string): number {
  let widened = 0
  {
    using records = openRecords(stateDir)
    for (const table of ['events', 'users', 'sessions', 'client_cutoffs']) {
      widen(records, table)
      widened += 1
    }
    records.exec('CREATE TABLE later (id TEXT PRIMARY KEY) STRICT')
  }
  const cwd = join(describeStateFolder(stateDir).data, 'mcp')
  for (const file of globSync('**/do/*-User/*.sqlite', { cwd })) {
    using database = new DatabaseSync(join(cwd, file))
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()
    for (const [table, key] of Object.entries(VERSIONED)) {
      if (!tables.some(({ name }) => name === table)) continue
      widen(database, table)
      const stored = database.prepare('SELECT value FROM _cf_KV WHERE key = ?').get(key)?.['value']
      if (!(stored instanceof Uint8Array)) throw new Error(`${file} has no ${key}`)
      const version: unknown = deserialize(stored)
      database.prepare('UPDATE _cf_KV SET value = ? WHERE key = ?').run(serialize(Number(version) + 1), key)
      widened += 1
    }
  }
  return widened
}
