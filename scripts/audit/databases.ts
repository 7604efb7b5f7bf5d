import { execFile } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { z } from 'zod'
import { withHiddenEscaped } from '#lib/bounded-text.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import type { StateFolder } from '#harness/local/state-folder.ts'
import { ROOT } from '#harness/local/workers.ts'
import type { Question } from '#audit/questions.ts'
import type { AuditDatabase, Query } from './sql-log.ts'

const selectOf = ({ columns, from, where, key }: Query): string =>
  [
    `SELECT ${columns} FROM ${from}`,
    ...(where === undefined ? [] : [`WHERE ${where}`]),
    ...(key.length === 0 ? [] : [`ORDER BY ${key.join(', ')}`]),
  ].join(' ')

/** Reads everything in one transaction, so that a server may write meanwhile. */
export class SqliteAuditDatabase implements AuditDatabase {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
    database.exec('BEGIN')
  }

  async *rows(query: Query): AsyncGenerator {
    yield* this.#database.prepare(selectOf(query)).iterate()
  }

  async ask({ sql, params }: Question): Promise<readonly unknown[]> {
    return this.#database.prepare(sql).all(...params)
  }

  close(): void {
    this.#database.close()
  }
}

/** The D1 database of `npm start`: the one file below the state folder that has the table `events`. */
export function openLocalDatabase({ path, data }: StateFolder): SqliteAuditDatabase {
  for (const file of globSync('mcp/**/d1/**/*.sqlite', { cwd: data })) {
    const database = new DatabaseSync(join(data, file), { readOnly: true, timeout: 5000 })
    if (database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'events'").get())
      return new SqliteAuditDatabase(database)
    database.close()
  }
  const hint = existsSync(path) ? 'npm start makes it' : 'npm start makes one, --state <folder> names another'
  throw new StartProblem(`There is no audit log in ${path}: ${hint}.`)
}

/** Runs one SQL statement and gives what `wrangler d1 execute --json` prints. */
export type RunSql = (sql: string) => Promise<string>

const Answer = z
  .array(z.object({ success: z.literal(true), results: z.array(z.record(z.string(), z.unknown())) }))
  .min(1)

/** A page fits into one answer of D1, also when every event has its largest arguments. */
const PAGE_ROWS = 250

const literal = (value: unknown): string => {
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`
  throw new Error('a key is a number or a text')
}

/** A deployed D1, page by page. Each page begins after the key of the row before. */
export class RemoteAuditDatabase implements AuditDatabase {
  readonly #run: RunSql
  readonly #pageRows: number

  constructor(run: RunSql, pageRows = PAGE_ROWS) {
    this.#run = run
    this.#pageRows = pageRows
  }

  async *rows(query: Query): AsyncGenerator {
    const { key, where } = query
    let after: readonly unknown[] | undefined
    for (;;) {
      const begins = after && `(${key.join(', ')}) > (${after.map(literal).join(', ')})`
      const conditions = [where, begins].filter((one) => one !== undefined).map((one) => `(${one})`)
      const page = conditions.length === 0 ? query : { ...query, where: conditions.join(' AND ') }
      const sql = key.length === 0 ? selectOf(query) : `${selectOf(page)} LIMIT ${this.#pageRows}`
      const results = readAnswer(await this.#run(sql.replace(/\s+/g, ' ')))
      yield* results
      const last = results.at(-1)
      if (last === undefined || key.length === 0 || results.length < this.#pageRows) return
      after = key.map((name) => last[name])
    }
  }

  async ask({ sql, params }: Question): Promise<readonly unknown[]> {
    const given = params.map(literal)
    return readAnswer(await this.#run(sql.replaceAll('?', () => given.shift() ?? 'NULL')))
  }

  close(): void {}
}

function readAnswer(text: string) {
  const read = Answer.safeParse(parsed(text.slice(Math.max(text.indexOf('['), 0))))
  if (!read.success) throw new StartProblem('wrangler printed something that is not an answer of D1.')
  return read.data.flatMap(({ results }) => results)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const WRANGLER = join(
  dirname(createRequire(import.meta.url).resolve('wrangler/package.json')),
  'bin/wrangler.js',
)
const MOST_ANSWER_BYTES = 256 * 1024 * 1024

/** Reads the database of a deployed environment with the operator's own wrangler login. */
export const wranglerOf =
  (environment: string): RunSql =>
  async (sql) => {
    const parameters = [
      'd1',
      'execute',
      'RECORDS',
      '--remote',
      '--env',
      environment,
      '--json',
      '--command',
      sql,
    ]
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [WRANGLER, ...parameters], {
        cwd: ROOT,
        maxBuffer: MOST_ANSWER_BYTES,
      })
      return stdout
    } catch (error) {
      const printed = error instanceof Error && 'stdout' in error ? String(error.stdout) : ''
      throw new StartProblem(`D1 of ${environment} could not be read: ${failureIn(printed)}`)
    }
  }

const Failure = z.object({ error: z.object({ text: z.string() }) })
const MOST_CHARACTERS = 300
/** wrangler 4.155, without a sign-in and without a terminal. */
const SIGNED_OUT = /necessary to set a CLOUDFLARE_API_TOKEN|not authenticated|not logged in/i

/** What wrangler says with --json when it fails. */
export function failureIn(printed: string): string {
  const read = Failure.safeParse(parsed(printed))
  if (!read.success) return 'wrangler did not say why. npx wrangler whoami shows who is signed in.'
  if (SIGNED_OUT.test(read.data.error.text))
    return 'you are not signed in to Cloudflare. npx wrangler login signs in.'
  return withHiddenEscaped(read.data.error.text).slice(0, MOST_CHARACTERS)
}
