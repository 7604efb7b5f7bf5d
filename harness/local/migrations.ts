import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import {
  experimental_readRawConfig as readRawConfig,
  unstable_splitSqlQuery as splitSqlQuery,
} from 'wrangler'
import { z } from 'zod'
import { readPrivateFile, writePrivateFile } from './private-file.ts'

/** wrangler's own table, so that `wrangler d1 migrations` knows what is applied. */
const MAKE_TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`

/** The part of a D1 database that this uses. */
interface Database {
  prepare(sql: string): Statement
  batch(statements: Statement[]): Promise<unknown>
}
interface Statement {
  bind(...values: unknown[]): Statement
  all(): Promise<{ results: unknown[] }>
  run(): Promise<unknown>
}

const Applied = z.array(z.object({ name: z.string() }))

const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()

/** Applies the files of `folder` that this database does not have yet, each in one transaction. Returns their names. */
export async function applyMigrations(database: Database, folder: string): Promise<readonly string[]> {
  await database.prepare(MAKE_TABLE).run()
  const { results } = await database.prepare('SELECT name FROM d1_migrations').all()
  const applied = Applied.parse(results).map(({ name }) => name)
  const missing = filesOf(folder).filter((name) => !applied.includes(name))
  for (const name of missing) {
    const queries = splitSqlQuery(readFileSync(join(folder, name), 'utf8'))
    await database.batch([
      ...queries.map((query) => database.prepare(query)),
      database.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name),
    ])
  }
  return missing
}

const Configuration = z.looseObject({
  d1_databases: z
    .array(
      z.looseObject({
        binding: z.string(),
        database_id: z.string().optional(),
        migrations_dir: z.string().optional(),
      }),
    )
    .default([]),
})

/**
 * Applies the migrations of every D1 database of a Worker on this machine. `persist` is the folder that wrangler is given;
 * no Worker may run on it. wrangler's own command does the same, and takes seconds for each database.
 */
export async function migrateLocally(config: string, persist: string): Promise<void> {
  const { d1_databases: described } = Configuration.parse(readRawConfig({ config }).rawConfig)
  const databases = described.flatMap(({ binding, database_id: id = binding, migrations_dir: folder }) =>
    folder === undefined ? [] : [{ binding, id, folder: join(dirname(config), folder) }],
  )
  // A runtime only for finding out that there is nothing to do would cost every start half a second.
  const marker = join(persist, 'migrations.json')
  const state = JSON.stringify(databases.map(({ id, folder }) => [id, ...filesOf(folder)]))
  if (databases.length === 0 || readPrivateFile(marker) === state) return
  const data = join(persist, 'v3')
  const kept = existsSync(data) ? undefined : keptState(databases)
  if (kept !== undefined && existsSync(kept)) cpSync(kept, data, { recursive: true })
  else await migrate(databases, data)
  if (kept !== undefined) keepState(data, kept)
  writePrivateFile(marker, state)
}

interface LocalDatabase {
  readonly binding: string
  readonly id: string
  /** Its migrations. */
  readonly folder: string
}

async function migrate(databases: readonly LocalDatabase[], data: string): Promise<void> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: '',
      resourcePersistencePath: data,
      d1Databases: Object.fromEntries(databases.map(({ binding, id }) => [binding, id])),
      cf: false,
      log: new Log(LogLevel.ERROR),
    }),
  )
  try {
    for (const { binding, folder } of databases)
      await applyMigrations(await miniflare.getD1Database(binding), folder)
  } finally {
    await miniflare.dispose()
  }
}

const RUNTIME = z
  .object({ version: z.string() })
  .parse(createRequire(import.meta.url)('miniflare/package.json'))

/**
 * The folder where the tests keep the data of a first start, because they start a hundred systems; undefined elsewhere. It
 * belongs to the text of these migrations and to the runtime that wrote it.
 */
function keptState(databases: readonly LocalDatabase[]): string | undefined {
  const root = process.env['MIGRATED_STATES']
  if (root === undefined) return undefined
  const texts = databases.map(({ id, folder }) => [
    id,
    ...filesOf(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  ])
  const text = JSON.stringify([RUNTIME.version, texts])
  return join(root, createHash('sha256').update(text).digest('hex'))
}

/** Several starts may do this at once: the first one keeps its data. */
function keepState(data: string, kept: string): void {
  if (existsSync(kept)) return
  const partial = `${kept}.${process.pid}`
  mkdirSync(dirname(kept), { recursive: true })
  cpSync(data, partial, { recursive: true })
  try {
    renameSync(partial, kept)
  } catch {
    // Another start was first.
    rmSync(partial, { recursive: true })
  }
}
