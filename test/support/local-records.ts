import { execFile } from 'node:child_process'
import { globSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { vi } from 'vitest'
import { z } from 'zod'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { ROOT } from '#harness/local/workers.ts'

const hasTable = (database: DatabaseSync, name: string): boolean =>
  database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(name) !== undefined

/** The databases below a folder of the MCP server's data that have this table. The caller closes them. */
function openDatabases(stateDir: string, pattern: string, table: string, readOnly = false): DatabaseSync[] {
  const cwd = join(describeStateFolder(stateDir).data, 'mcp')
  const opened = globSync(pattern, { cwd }).map(
    (file) => new DatabaseSync(join(cwd, file), { readOnly, timeout: 5000 }),
  )
  for (const database of opened) if (!hasTable(database, table)) database.close()
  return opened.filter((database) => database.isOpen)
}

/** The local D1, as somebody who may write to it has it. */
export function openRecords(stateDir: string): DatabaseSync {
  const [database] = openDatabases(stateDir, '**/d1/**/*.sqlite', 'events')
  if (database === undefined) throw new Error(`no audit log in ${stateDir}`)
  return database
}

/** A copy of the audit log in a state folder of its own, which can be changed and verified. */
export function copyRecords(stateDir: string, copyDir: string): DatabaseSync {
  const folder = join(describeStateFolder(copyDir).data, 'mcp/v3/d1/copy')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'records.sqlite')
  using original = openRecords(stateDir)
  original.prepare('VACUUM INTO ?').run(file)
  return new DatabaseSync(file)
}

/** The events of users' objects that D1 does not have. */
function unshipped(stateDir: string): number {
  using records = openRecords(stateDir)
  const isThere = records.prepare('SELECT 1 FROM events WHERE id = ?')
  let count = 0
  for (const database of openDatabases(stateDir, '**/do/**/*.sqlite', 'outbox', true)) {
    count += Number(database.prepare('SELECT count(*) AS count FROM outbox').get()?.['count'])
    const calls = hasTable(database, 'calls') ? database.prepare('SELECT event_id FROM calls').all() : []
    for (const { event_id: id } of calls) if (isThere.get(id ?? null) === undefined) count += 1
    database.close()
  }
  return count
}

/** Resolves when D1 has every event. */
export const whenShipped = (stateDir: string): Promise<void> =>
  vi.waitFor(
    () => {
      const waiting = unshipped(stateDir)
      if (waiting > 0) throw new Error(`${waiting} events wait in users' objects`)
    },
    { timeout: 60_000, interval: 200 },
  )

/** The daily run: it signs a head of all chains. */
export async function signHead(origin: string): Promise<void> {
  const { status } = await fetch(`${origin}/cdn-cgi/handler/scheduled`)
  if (status !== 200) throw new Error(`the scheduled run answers ${status}`)
}

const run = promisify(execFile)
const Ended = z.object({ code: z.int(), stdout: z.string(), stderr: z.string() })

/** `npm run audit`: its exit code and what it prints. */
export async function audit(...parameters: string[]): Promise<{ code: number; text: string }> {
  try {
    const script = join(ROOT, 'scripts/audit.ts')
    const { stdout } = await run(process.execPath, [script, ...parameters], { maxBuffer: 64 * 1024 * 1024 })
    return { code: 0, text: stdout.trimEnd() }
  } catch (error) {
    const { code, stdout, stderr } = Ended.parse(error)
    if (stderr !== '') throw new Error(stderr, { cause: error })
    return { code, text: stdout.trimEnd() }
  }
}
