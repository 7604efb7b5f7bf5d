import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { migrateLocally } from '#harness/local/migrations.ts'
import { afterAll, expect, test, vi } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'migrations-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
// An empty one of its own: nothing here is copied from an earlier run.
vi.stubEnv('MIGRATED_STATES', join(folder, 'kept'))

const config = join(folder, 'wrangler.jsonc')
const persist = join(folder, 'state')
const write = (name: string, sql: string) => writeFileSync(join(folder, 'migrations', name), sql)

/** One row of the database, as the Worker would find it. */
async function first(sql: string, state = persist): Promise<unknown> {
  const resourcePersistencePath = join(state, 'v3')
  const options = { modules: true, script: '', resourcePersistencePath, d1Databases: { RECORDS: 'RECORDS' } }
  const log = new Log(LogLevel.ERROR)
  const miniflare = new Miniflare(convertV4MiniflareOptions({ ...options, cf: false, log }))
  try {
    const database = await miniflare.getD1Database('RECORDS')
    return await database.prepare(sql).first()
  } finally {
    await miniflare.dispose()
  }
}

test('each migration is applied once, whole or not at all', async () => {
  mkdirSync(join(folder, 'migrations'))
  mkdirSync(persist)
  const database = { binding: 'RECORDS', database_name: 'records', migrations_dir: 'migrations' }
  writeFileSync(config, JSON.stringify({ name: 'x', d1_databases: [database] }))
  write('0001_first.sql', "CREATE TABLE notes (text TEXT);\nINSERT INTO notes VALUES ('a; b');")
  await migrateLocally(config, persist)
  write('0002_second.sql', "INSERT INTO notes VALUES ('c');\nINSERT INTO nowhere VALUES (1);")
  for (let time = 0; time < 2; time += 1)
    await expect(migrateLocally(config, persist)).rejects.toThrow('no such table: nowhere')
  write('0002_second.sql', "INSERT INTO notes VALUES ('c');")
  for (let time = 0; time < 2; time += 1) await migrateLocally(config, persist)
  expect(await first("SELECT group_concat(text, ', ') AS texts FROM notes")).toEqual({ texts: 'a; b, c' })
  expect(await first("SELECT group_concat(name, ', ') AS names FROM d1_migrations")).toEqual({
    names: '0001_first.sql, 0002_second.sql',
  })
})

test('an empty state gets the data of an earlier first start, until a migration changes', async () => {
  const kept = () => readdirSync(join(folder, 'kept')).length
  const before = kept()
  const states = ['one', 'two', 'three'].map((name) => join(folder, name))
  const [one = '', two = '', three = ''] = states
  for (const state of states) mkdirSync(state)
  await migrateLocally(config, one)
  expect(kept()).toBe(before + 1)
  await migrateLocally(config, two)
  expect(kept()).toBe(before + 1)
  const texts =
    'SELECT group_concat(text) AS texts, (SELECT COUNT(*) FROM d1_migrations) AS applied FROM notes'
  for (const state of [one, two]) expect(await first(texts, state)).toEqual({ texts: 'a; b,c', applied: 2 })
  // What is written to a copy stays there.
  await first("INSERT INTO notes VALUES ('mine')", one)
  write('0002_second.sql', "INSERT INTO notes VALUES ('d');")
  await migrateLocally(config, three)
  expect(kept()).toBe(before + 2)
  expect(await first(texts, three)).toEqual({ texts: 'a; b,d', applied: 2 })
})

test('a Worker without a database needs no runtime', async () => {
  writeFileSync(config, JSON.stringify({ name: 'x' }))
  await expect(migrateLocally(config, join(folder, 'nowhere'))).resolves.toBeUndefined()
})
