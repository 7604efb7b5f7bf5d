import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { StartProblem } from '#harness/local/start-problem.ts'
import { ROOT } from '#harness/local/workers.ts'
import type { AuditDatabase } from '../audit/sql-log.ts'
import { type Finding, note, ok, problem } from './finding.ts'

const PAGE = 'docs/run.md#deploy'

const Tables = z.array(z.object({ name: z.string() }))
const Counts = z.tuple([z.object({ events: z.int(), rejected: z.int() })])

/** How the migrations are applied where this database is. */
export interface DatabasePlace {
  readonly migrate: string
}

/** The schema of D1 against migrations/, and the events that did not fit. Works on D1 and on its local file. */
export async function checkDatabase(
  open: () => AuditDatabase,
  { migrate }: DatabasePlace,
): Promise<readonly Finding[]> {
  let database: AuditDatabase
  try {
    database = open()
  } catch (error) {
    if (!(error instanceof StartProblem)) throw error
    return [missingTables(migrate)]
  }
  try {
    return await examineDatabase(database, migrate)
  } catch (error) {
    if (!(error instanceof StartProblem)) throw error
    return [note('database', `not checked: ${error.message}`, { page: PAGE })]
  } finally {
    database.close()
  }
}

async function examineDatabase(database: AuditDatabase, migrate: string): Promise<readonly Finding[]> {
  const ask = async (sql: string) => database.ask({ sql, params: [] })
  const tables = Tables.parse(
    await ask("SELECT name FROM sqlite_master WHERE name IN ('events', 'rejected_events', 'd1_migrations')"),
  )
  const has = (table: string) => tables.some(({ name }) => name === table)
  if (!has('events') || !has('rejected_events') || !has('d1_migrations')) return [missingTables(migrate)]
  const applied = Tables.parse(await ask('SELECT name FROM d1_migrations ORDER BY name'))
  const [{ events, rejected }] = Counts.parse(
    await ask(
      'SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM rejected_events) AS rejected',
    ),
  )
  return [
    compareMigrations(
      applied.map(({ name }) => name),
      migrate,
    ),
    ok('audit log', `${events} events`),
    ...(rejected === 0
      ? []
      : [
          note('audit log', `${rejected} events did not fit their schema`, {
            fix: 'look for audit.event-rejected in the log and at the table rejected_events',
            page: 'docs/audit.md#why-it-can-be-trusted',
          }),
        ]),
  ]
}

function compareMigrations(applied: readonly string[], migrate: string): Finding {
  const known = readdirSync(join(ROOT, 'migrations')).filter((name) => name.endsWith('.sql'))
  const missing = known.filter((name) => !applied.includes(name)).toSorted()
  if (missing.length > 0)
    return problem('schema of the database', `it lacks ${missing.join(', ')}`, { fix: migrate, page: PAGE })
  const newer = applied.filter((name) => !known.includes(name))
  return newer.length > 0
    ? note('schema of the database', `it is newer than this checkout: ${newer.length} more migrations`, {
        fix: 'take the release that is deployed',
        page: PAGE,
      })
    : ok('schema of the database', `all ${known.length} migrations are applied`)
}

const missingTables = (migrate: string): Finding =>
  problem(
    'schema of the database',
    'the tables of the audit log are missing, so its events wait in the objects of the users',
    { fix: migrate, page: PAGE },
  )
