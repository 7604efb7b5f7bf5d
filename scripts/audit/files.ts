import { createReadStream, existsSync, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { ExportLine } from '#audit/export-rows.ts'
import { claimsOf, ListKind } from '#audit/list-proof.ts'
import type { Question } from '#audit/questions.ts'
import type { KeptHead } from '#audit/verify.ts'
import type { ChainHead } from '#events/chain.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { parseJson } from '#harness/local/private-file.ts'
import { SqliteAuditDatabase } from './databases.ts'
import { SqlAuditLog } from './sql-log.ts'

/** The first line of a kept head; its list follows, an entry a line. */
const HeadLine = z.strictObject({ kind: z.literal('kept-head'), v: z.literal(1), jws: z.string() })
const EntryLine = z.strictObject({
  kind: z.literal('entry'),
  list: ListKind,
  n: z.int(),
  chain: z.string(),
  epoch: z.int(),
  seq: z.int(),
  hash: z.string(),
})

async function* linesOf(path: string): AsyncGenerator<{ number: number; json: unknown }> {
  if (!existsSync(path)) throw new StartProblem(`${path} does not exist.`)
  let number = 0
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    number += 1
    yield { number, json: parseJson(line) }
  }
}

/** Writes lines to a file that only its owner can read, whole or not at all. Returns their number. */
export async function writeLines(path: string, lines: AsyncIterable<object>): Promise<number> {
  const partial = `${path}.partial`
  let count = 0
  async function* texts() {
    for await (const line of lines) {
      count += 1
      yield `${JSON.stringify(line)}\n`
    }
  }
  // A file that is there already would keep its mode.
  rmSync(partial, { force: true })
  const file = await open(partial, 'wx', 0o600).catch(() => {
    throw new StartProblem(`${path} cannot be written.`)
  })
  try {
    await pipeline(texts, file.createWriteStream())
    renameSync(partial, path)
  } finally {
    rmSync(partial, { force: true })
  }
  return count
}

/** The whole log, line by line. */
async function* exportLines(log: SqlAuditLog, at: string): AsyncGenerator<ExportLine> {
  yield { kind: 'export', v: 1, app: await log.app(), at }
  for (const list of ListKind.options)
    for await (const { n, jws } of log.lists(list)) yield { kind: 'list', list, n, jws }
  for (const list of ListKind.options)
    for await (const one of log.allEntries(list)) yield { kind: 'entry', list, ...one }
  for await (const event of log.events()) yield { kind: 'event', ...event }
}

export const writeExport = (log: SqlAuditLog, path: string, at: string): Promise<number> =>
  writeLines(path, exportLines(log, at))

/** What questions need beside that, each made when a question names it: columns for members, and their indexes. */
const MEMBERS = {
  type: '$.type',
  client: '$.client.id',
  what: '$.what.name',
  outcome: '$.outcome',
  transaction_id: '$.transaction',
  session: '$.session',
} as const
const MEMBER_COLUMNS = Object.entries(MEMBERS).map(
  ([name, path]) =>
    `, ${name} TEXT GENERATED ALWAYS AS (CASE WHEN json_valid(body) THEN body ->> '${path}' END) VIRTUAL`,
)
const TABLES = `
  CREATE TABLE events (chain TEXT, epoch INTEGER, seq INTEGER, body TEXT, hash TEXT,
    id TEXT GENERATED ALWAYS AS (CASE WHEN json_valid(body) THEN body ->> '$.id' END) VIRTUAL${MEMBER_COLUMNS.join('')});
  CREATE TABLE signed_lists (kind TEXT, n INTEGER, jws TEXT, PRIMARY KEY (kind, n)) WITHOUT ROWID;
  CREATE TABLE list_entries (kind TEXT, chain TEXT, epoch INTEGER, n INTEGER, seq INTEGER, hash TEXT,
    PRIMARY KEY (kind, chain, epoch, n)) WITHOUT ROWID;`
const INDEXES = `
  CREATE INDEX places ON events (chain, epoch, seq);
  CREATE INDEX ids ON events (id);`

const QUESTION_INDEXES: Readonly<Record<string, string>> = {
  events_time: '(id)',
  events_user: '(chain, id)',
  events_client_refused:
    "(client, outcome, id) WHERE client IS NOT NULL AND outcome IS NOT NULL AND outcome <> 'done'",
  events_client: '(client, id) WHERE client IS NOT NULL',
  events_what: '(what, id) WHERE what IS NOT NULL',
  events_transaction: '(transaction_id, id) WHERE transaction_id IS NOT NULL',
  events_session: '(session, id) WHERE session IS NOT NULL',
  events_refused: "(outcome, id) WHERE outcome IS NOT NULL AND outcome <> 'done'",
  events_type: "(type, id) WHERE type <> 'call'",
}

/** A loaded export. An index is made when the first question names it. */
class LoadedExport extends SqliteAuditDatabase {
  readonly #loaded: DatabaseSync

  constructor(database: DatabaseSync) {
    super(database)
    this.#loaded = database
  }

  override async ask(question: Question): Promise<readonly unknown[]> {
    for (const [, index = ''] of question.sql.matchAll(/INDEXED BY (\w+)/g))
      this.#loaded.exec(`CREATE INDEX IF NOT EXISTS ${index} ON events ${QUESTION_INDEXES[index] ?? '(id)'}`)
    return super.ask(question)
  }
}

/**
 * Loads an export into a temporary database on disk, which SQLite deletes when it is closed. It takes what the real tables
 * refuse, such as a number that is there twice, so that it can be named.
 */
export async function openExport(path: string): Promise<SqlAuditLog> {
  const database = new DatabaseSync('')
  database.exec(`PRAGMA temp_store = FILE; ${TABLES} BEGIN`)
  const event = database.prepare('INSERT INTO events (chain, epoch, seq, body, hash) VALUES (?, ?, ?, ?, ?)')
  const list = database.prepare('INSERT OR IGNORE INTO signed_lists VALUES (?, ?, ?)')
  const listEntry = database.prepare('INSERT OR IGNORE INTO list_entries VALUES (?, ?, ?, ?, ?, ?)')
  for await (const { number, json } of linesOf(path)) {
    const read = ExportLine.safeParse(json)
    if (!read.success || (read.data.kind === 'export') !== (number === 1))
      throw new StartProblem(`${path}: line ${number} is not a line of an export.`)
    const line = read.data
    switch (line.kind) {
      case 'export':
        break
      case 'list':
        list.run(line.list, line.n, line.jws)
        break
      case 'entry':
        listEntry.run(line.list, line.chain, line.epoch, line.n, line.seq, line.hash)
        break
      case 'event':
        event.run(line.chain, line.epoch, line.seq, line.body, line.hash)
        break
    }
  }
  database.exec(`COMMIT; ${INDEXES}`)
  return new SqlAuditLog(new LoadedExport(database), { isWhole: false })
}

/** Writes the newest signed head and its full list. */
export async function writeHead(log: SqlAuditLog, path: string): Promise<{ n: number; at: string }> {
  let newest: { n: number; jws: string } | undefined
  for await (const list of log.lists('head')) newest = list
  if (newest === undefined) throw new StartProblem('No head is signed yet: the server signs one a day.')
  const { n, jws } = newest
  const claims = claimsOf(jws)
  if (claims === null) throw new StartProblem(`Signed head ${n} cannot be read: npm run audit -- verify.`)
  await writeLines(path, headLines(log, n, jws))
  return { n, at: claims.at }
}

async function* headLines(log: SqlAuditLog, n: number, jws: string): AsyncGenerator<object> {
  yield { kind: 'kept-head', v: 1, jws }
  for await (const one of log.entries('head', n)) yield { kind: 'entry', list: 'head', n, ...one }
}

export async function readHead(path: string): Promise<KeptHead> {
  for await (const { json } of linesOf(path)) {
    const first = HeadLine.safeParse(json)
    if (!first.success) break
    return { jws: first.data.jws, entries: () => keptEntries(path) }
  }
  throw new StartProblem(`${path} is not a kept head: npm run audit -- head --out <file> writes one.`)
}

async function* keptEntries(path: string): AsyncGenerator<ChainHead> {
  for await (const { number, json } of linesOf(path)) {
    if (number === 1) continue
    const read = EntryLine.safeParse(json)
    if (!read.success) throw new StartProblem(`${path}: line ${number} is not an entry of a head.`)
    const { chain, epoch, seq, hash } = read.data
    yield { chain, epoch, seq, hash }
  }
}
