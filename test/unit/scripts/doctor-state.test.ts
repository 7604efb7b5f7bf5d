import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { serialize } from 'node:v8'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { openLocalDatabase, RemoteAuditDatabase } from '../../../scripts/audit/databases.ts'
import { checkDatabase } from '../../../scripts/doctor/check-database.ts'
import { checkUsers } from '../../../scripts/doctor/check-users.ts'
import { lineOf } from '../../../scripts/doctor/finding.ts'

let path: string
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'doctor-'))
})
afterEach(() => rmSync(path, { recursive: true }))

const place = { migrate: 'MIGRATE' }
const local = async () =>
  (await checkDatabase(() => openLocalDatabase(describeStateFolder(path)), place)).map(lineOf)

function openFile(...parts: readonly string[]): DatabaseSync {
  const file = join(path, 'data/mcp/v3', ...parts)
  mkdirSync(join(file, '..'), { recursive: true })
  return new DatabaseSync(file)
}

/** A database with these migrations. */
function migrate(database: DatabaseSync, files: readonly string[]): void {
  database.exec('CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY, name TEXT UNIQUE)')
  for (const file of files) {
    database.exec(readFileSync(join('migrations', file), 'utf8'))
    database.prepare('INSERT INTO d1_migrations (name) VALUES (?)').run(file)
  }
}
const ALL = readdirSync('migrations').toSorted()

test('a state folder without tables, with an older schema, and with all of it', async () => {
  expect(await local()).toEqual([
    expect.stringMatching(/^problem {2}schema of the database: the tables .* missing.*; MIGRATE →/),
  ])
  using database = openFile('d1/miniflare-D1DatabaseObject/x.sqlite')
  migrate(database, ALL.slice(0, 1))
  expect(await local()).toEqual([
    expect.stringMatching(/^problem {2}schema of the database: it lacks 0002_operators\.sql; MIGRATE/),
    expect.stringMatching(/^ok .* 0 events$/),
  ])
  for (const file of ALL.slice(1)) {
    database.exec(readFileSync(join('migrations', file), 'utf8'))
    database.prepare('INSERT INTO d1_migrations (name) VALUES (?)').run(file)
  }
  expect((await local()).map((line) => line.split(' ')[0])).toEqual(['ok', 'ok'])
  database.exec("INSERT INTO rejected_events VALUES ('x', 'ann', 1, 2, 'why', '{}')")
  expect((await local()).at(-1)).toMatch(/^note .*1 events did not fit their schema/)
  database.exec("INSERT INTO d1_migrations (name) VALUES ('9999_later.sql')")
  expect((await local())[0]).toMatch(/^note .*newer than this checkout/)
})

test('a deployed database is asked the same through wrangler, and its failure is a note', async () => {
  using database = new DatabaseSync(':memory:')
  migrate(database, ALL)
  const asked: string[] = []
  const run = async (sql: string) => {
    asked.push(sql)
    return `${JSON.stringify([{ results: database.prepare(sql).all(), success: true, meta: {} }])}\n`
  }
  const remote = async (answer: typeof run) =>
    (await checkDatabase(() => new RemoteAuditDatabase(answer), place)).map(lineOf)
  expect((await remote(run)).map((line) => line.split(' ')[0])).toEqual(['ok', 'ok'])
  expect(asked.every((sql) => sql.startsWith('SELECT '))).toBe(true)
  const fails = async () => Promise.reject(new StartProblem('D1 of production could not be read: why.'))
  expect(await remote(fails)).toEqual([
    expect.stringMatching(/^note {5}database: not checked: D1 of production could not be read/),
  ])
})

/** An object of a user as workerd stores it. */
function writeUser(name: string, values: Readonly<Record<string, unknown>>): DatabaseSync {
  const database = openFile('do/mcp-locked-User', `${name}.sqlite`)
  database.exec('CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID')
  for (const [key, value] of Object.entries(values))
    database.prepare('INSERT INTO _cf_KV VALUES (?, ?)').run(key, serialize(value))
  return database
}
const grant = (keyId: string) => ({ encrypted: `v1.${keyId}.iv.text`, ended: null })
const keys = { rootKeys: [{ id: 'k2' }, { id: 'k1' }], retiredRootKeys: [] }
const users = (different = {}) => checkUsers(describeStateFolder(path), { ...keys, ...different }).map(lineOf)

test('live grants are counted by root key, and events that wait', () => {
  expect(users()).toEqual([
    'ok       unshipped events: the audit log has every event',
    'ok       grants per root key: there is no live grant',
  ])
  writeUser('a', {
    'grant:1': grant('k1'),
    'grant:2': grant('k2'),
    'grant:3': { encrypted: '', ended: { reason: 'user' } },
  }).close()
  const database = writeUser('b', { 'grant:1': grant('k2'), 'audit-chain': { shipped: 2 } })
  database.exec('CREATE TABLE outbox (seq INTEGER); INSERT INTO outbox VALUES (2), (3)')
  database.exec('CREATE TABLE calls (event_seq INTEGER); INSERT INTO calls VALUES (1), (4)')
  database.close()
  expect(users()).toEqual([
    expect.stringMatching(/^note {5}unshipped events: 2 wait/),
    'ok       grants per root key: k1: 1, k2: 2',
  ])
})

test('grants whose root key is gone are a problem, unless the key is retired', () => {
  writeUser('a', { 'grant:1': grant('k0') }).close()
  expect(users().at(-1)).toMatch(
    /^problem {2}grants per root key: k0: 1; ROOT_KEYS lacks k0; put the key back/,
  )
  expect(users({ retiredRootKeys: ['k0'] }).at(-1)).toBe('ok       grants per root key: k0: 1')
})
