import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { GENESIS, hashOf } from '#events/chain.ts'
import { uuidv7 } from '#lib/uuid.ts'

/** `AUDIT_EVENTS=100000` makes a longer log (docs/reliability.md). */
const EVENTS = Number(process.env['AUDIT_EVENTS'] ?? '20000')
const CHAINS = 50
const EVENTS_PER_CHAIN = EVENTS / CHAINS
const MIB = 1024 * 1024

const folder = mkdtempSync(join(tmpdir(), 'audit-memory-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The events in the tables of the migration. */
async function storeLongLog(path: string): Promise<void> {
  using database = new DatabaseSync(path)
  for (const file of readdirSync('migrations').toSorted())
    database.exec(readFileSync(join('migrations', file), 'utf8'))
  database.exec('BEGIN')
  const insert = database.prepare('INSERT INTO events (chain, epoch, seq, body, hash) VALUES (?, 1, ?, ?, ?)')
  let atMs = Date.UTC(2026, 0, 1)
  for (let user = 0; user < CHAINS; user += 1) {
    const chain = `user-${String(user).padStart(3, '0')}`
    let previous = GENESIS
    for (let seq = 1; seq <= EVENTS_PER_CHAIN; seq += 1) {
      atMs += 10
      const base = { id: uuidv7(atMs), at: new Date(atMs).toISOString(), app: 'todos', user: chain }
      const what =
        seq === 1
          ? { type: 'chain.opened', previous: null }
          : { type: 'security', finding: 'x'.repeat(200), network: '192.0.2.0/24' }
      const body = JSON.stringify({ ...base, ...what })
      previous = await hashOf(previous, { chain, epoch: 1, seq }, body)
      insert.run(chain, seq, body, previous)
    }
  }
  database.exec('COMMIT')
}

const here = (path: string) => JSON.stringify(join(import.meta.dirname, '../../../', path))
/** Verifies and searches a log and its export, and prints how much more memory is in use near the end of the events than near their beginning. */
const CHILD = `
  import { DatabaseSync } from 'node:sqlite'
  import { SqliteAuditDatabase } from ${here('scripts/audit/databases.ts')}
  import { openExport, writeExport } from ${here('scripts/audit/files.ts')}
  import { findEvents } from ${here('scripts/audit/find.ts')}
  import { readFindRequest } from ${here('scripts/audit/find-options.ts')}
  import { SqlAuditLog } from ${here('scripts/audit/sql-log.ts')}
  import { verifyLog } from ${here('src/audit/verify.ts')}
  const [path, exported] = process.argv.slice(1)
  const used = () => {
    gc()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  async function measure(log) {
    let [early, late, count] = [0, 0, 0]
    async function* counted(events) {
      for await (const event of events) {
        count += 1
        if (count === ${EVENTS / 20}) early = used()
        if (count === ${EVENTS - EVENTS / 20}) late = used()
        yield event
      }
    }
    const report = await verifyLog(
      {
        lists: (kind) => log.lists(kind),
        entries: (kind, n) => log.entries(kind, n),
        lastEntry: (kind) => log.lastEntry(kind),
        repeatedIds: () => log.repeatedIds(),
        events: () => counted(log.events()),
      },
      { keys: [] },
    )
    return { events: report.events, findings: report.findings.length, growth: late - early }
  }
  async function find(log, options) {
    let [early, late, lines] = [0, 0, 0]
    const print = () => {
      lines += 1
      if (lines === ${EVENTS / 20}) early = used()
      if (lines === ${EVENTS - EVENTS / 20}) late = used()
    }
    await findEvents(log.questions, readFindRequest(options, 0), null, print, () => {})
    return { events: lines, growth: late - early }
  }
  const stored = new SqlAuditLog(new SqliteAuditDatabase(new DatabaseSync(path, { readOnly: true })), { isWhole: true })
  const sqlite = await measure(stored)
  const before = used()
  await writeExport(stored, exported, new Date().toISOString())
  const exporting = used() - before
  const loaded = await openExport(exported)
  const loading = used() - before
  const file = await measure(loaded)
  const found = [
    await find(stored, { format: 'jsonl' }),
    await find(loaded, { format: 'csv', newest: true }),
    await find(stored, { format: 'table', from: '2026-01-01', tool: 'none' }),
  ]
  console.log(JSON.stringify({ sqlite, exporting, loading, file, found }))
`

const Measured = z.object({ events: z.int(), findings: z.int(), growth: z.int() })
const Output = z.object({
  sqlite: Measured,
  file: Measured,
  exporting: z.int(),
  loading: z.int(),
  found: z.array(Measured.omit({ findings: true })),
})

test('a long log is verified, searched, exported and loaded without more memory than its beginning', async () => {
  const database = join(folder, 'log.sqlite')
  await storeLongLog(database)
  // With 100,000 events the heap is smaller than the log.
  const flags = ['--expose-gc', '--max-old-space-size=40', '--input-type=module', '--eval', CHILD]
  const parameters = [...flags, database, join(folder, 'log.jsonl')]
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { encoding: 'utf8' })
  const { sqlite, file, exporting, loading, found } = Output.parse(JSON.parse(stdout))
  expect(sqlite).toMatchObject({ events: EVENTS, findings: 0 })
  expect(file).toMatchObject({ events: EVENTS, findings: 0 })
  // The head of CSV and of the table is a line too.
  expect(found.map(({ events }) => events)).toEqual([EVENTS, EVENTS + 1, 1])
  const growths = [...found.map(({ growth }) => growth), sqlite.growth, file.growth]
  for (const growth of [...growths, exporting, loading]) expect(growth).toBeLessThan(2 * MIB)
}, 240_000)
