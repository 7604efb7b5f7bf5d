import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sentenceOf } from '#audit/findings.ts'
import { verifyLog } from '#audit/verify.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { keepKeys } from '#harness/local/keys.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { failureIn, RemoteAuditDatabase, type RunSql } from '../../../scripts/audit/databases.ts'
import { openExport, readHead, writeExport, writeHead } from '../../../scripts/audit/files.ts'
import { runAudit } from '../../../scripts/audit/run.ts'
import { SqlAuditLog } from '../../../scripts/audit/sql-log.ts'
import { AuditLogWriter, makeAuditKey, type StoredLog } from '../../support/audit-log.ts'

const key = makeAuditKey()
const writer = new AuditLogWriter(key)
await writer.append('ann', 6)
await writer.append('bob', 9)
await writer.signHead()
await writer.restore('ann')
await writer.append("c'at", 4)
await writer.signHead()
await writer.checkpoint({ chain: 'bob', epoch: 1, seq: 3 })

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'audit-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function run(...parameters: string[]) {
  const lines: string[] = []
  try {
    const status = await runAudit(parameters, (line) => lines.push(line))
    return { status, stdout: lines.map((line) => `${line}\n`).join(''), stderr: '' }
  } catch (error) {
    if (!(error instanceof StartProblem)) throw error
    return { status: 2, stdout: '', stderr: `${error.message}\n` }
  }
}

const script = join(import.meta.dirname, '../../../scripts/audit.ts')
/** As a process of its own: what a shell sees. */
function spawnAudit(...parameters: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...parameters], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

/** The D1 database of `npm start` in a state folder, with these rows. */
function storeLocally(log: StoredLog, name = 'state') {
  const state = join(folder, name)
  const { data, keys } = describeStateFolder(state)
  const place = join(data, 'mcp/v3/d1/miniflare-D1DatabaseObject')
  mkdirSync(place, { recursive: true })
  // Another database beside it, as that of the registrations was.
  new DatabaseSync(join(place, 'a.sqlite')).exec('CREATE TABLE other (x)')
  const database = new DatabaseSync(join(place, 'b.sqlite'))
  database.exec('PRAGMA journal_mode = WAL')
  database.exec(readFileSync('migrations/0001_audit_log.sql', 'utf8'))
  const event = database.prepare('INSERT INTO events (chain, epoch, seq, body, hash) VALUES (?, ?, ?, ?, ?)')
  for (const { chain, epoch, seq, body, hash } of log.events) event.run(chain, epoch, seq, body, hash)
  const list = database.prepare('INSERT INTO signed_lists (kind, n, jws) VALUES (?, ?, ?)')
  for (const { kind, n, jws } of log.lists) list.run(kind, n, jws)
  const entry = database.prepare(
    'INSERT INTO list_entries (kind, chain, epoch, n, seq, hash) VALUES (?, ?, ?, ?, ?, ?)',
  )
  for (const { kind, chain, epoch, n, seq, hash } of log.entries) entry.run(kind, chain, epoch, n, seq, hash)
  keepKeys(keys)
  return { state, database }
}

function publicKey(): string {
  const path = join(folder, 'public.json')
  writeFileSync(path, JSON.stringify(key.published))
  return path
}

test('the local database is verified while it is open, and what was changed in it is named', async () => {
  const { state, database } = storeLocally(writer.log)
  const honest = await run('verify', '--state', state, '--key', publicKey())
  expect(honest.stderr).toBe('')
  expect(honest.status).toBe(0)
  expect(honest.stdout).toContain('17 events in 4 chains')
  expect(honest.stdout).toMatch(/^tamper-evident up to head 2 of \S+Z; 0 events after it/m)

  database.exec("UPDATE events SET body = replace(body, 'f1', 'f2') WHERE chain = 'ann' AND seq = 2")
  const changed = await run('verify', '--state', state, '--key', publicKey())
  expect(changed.status).toBe(1)
  expect(changed.stdout).toMatch(/^changed +ann 1\/2 [0-9a-f-]{36}: the hash does not fit/m)
  expect(changed.stdout).toContain('not intact: 1 finding')

  database.exec("DELETE FROM events WHERE chain = 'c''at'")
  expect((await run('verify', '--state', state, '--key', publicKey())).stdout).toMatch(
    /^chain-missing +c'at 1\/1: /m,
  )
})

test('a shell sees 0 for an intact log, 1 for findings, 2 for wrong use, and no warning of Node', () => {
  const { state, database } = storeLocally(writer.log)
  const good = spawnAudit('verify', '--state', state, '--key', publicKey())
  expect({ status: good.status, stderr: good.stderr }).toEqual({ status: 0, stderr: '' })
  database.exec("DELETE FROM events WHERE chain = 'ann'")
  expect(spawnAudit('verify', '--state', state, '--key', publicKey()).status).toBe(1)
  const wrong = spawnAudit('look')
  expect({ status: wrong.status, stdout: wrong.stdout }).toEqual({ status: 2, stdout: '' })
  expect(wrong.stderr).not.toContain('    at ')
})

test('the key of the local state is printed without its private part, and signs nothing of another server', async () => {
  const { state } = storeLocally(writer.log)
  const { status, stdout } = await run('key', '--state', state)
  expect(status).toBe(0)
  const printed: unknown = JSON.parse(stdout)
  expect(printed).toEqual({ kty: 'OKP', crv: 'Ed25519', kid: expect.any(String), x: expect.any(String) })
  expect((await run('verify', '--state', state)).stdout).toMatch(/^unproven-list +signed head 1: /m)
})

test('a private key file serves for its public half', async () => {
  const path = join(folder, 'private.json')
  writeFileSync(path, JSON.stringify(key.jwk))
  const { stdout } = await run('key', '--key', path)
  expect(JSON.parse(stdout)).toEqual(key.published)
  expect(stdout).not.toContain(key.jwk.d)
  writeFileSync(path, JSON.stringify({ ...key.jwk, x: makeAuditKey().jwk.x }))
  expect(await run('key', '--key', path)).toMatchObject({ status: 2, stdout: '' })
})

test('an export, and an export of an export, verify as the log does', async () => {
  const { state, database } = storeLocally(writer.log)
  database.exec("UPDATE events SET body = replace(body, 'f1', 'f2') WHERE chain = 'ann' AND seq = 2")
  const [first, second] = [join(folder, 'first.jsonl'), join(folder, 'second.jsonl')]
  expect((await run('export', '--state', state, '--out', first)).status).toBe(0)
  expect((await run('export', '--file', first, '--out', second)).status).toBe(0)
  const outputs = await Promise.all(
    [
      ['--state', state],
      ['--file', first],
      ['--file', second],
    ].map((source) => run('verify', ...source, '--key', publicKey())),
  )
  expect(outputs[0]?.status).toBe(1)
  expect(outputs[1]).toEqual(outputs[0])
  expect(outputs[2]).toEqual(outputs[0])
  const withoutTime = (path: string) => readFileSync(path, 'utf8').replace(/"at":"[^"]+"\}/, '')
  expect(withoutTime(second)).toBe(withoutTime(first))
  expect(statSync(first).mode & 0o777).toBe(0o600)
  expect(JSON.parse(readFileSync(first, 'utf8').split('\n')[0] ?? '')).toMatchObject({
    kind: 'export',
    v: 1,
    app: 'todos',
  })
})

test('the order of the lines of an export means nothing, and a line that is there twice is named', async () => {
  const { state } = storeLocally(writer.log)
  const path = join(folder, 'export.jsonl')
  await run('export', '--state', state, '--out', path)
  const [first = '', ...others] = readFileSync(path, 'utf8').trim().split('\n')
  const write = (lines: readonly string[]) => writeFileSync(path, `${[first, ...lines].join('\n')}\n`)
  write(others.toReversed())
  expect((await run('verify', '--file', path, '--key', publicKey())).status).toBe(0)
  const [last = ''] = others.slice(-1)
  write([...others, last])
  expect((await run('verify', '--file', path, '--key', publicKey())).stdout).toMatch(
    /^repeated-number +c'at 1\/4 /m,
  )
  write([...others, last.slice(0, 40)])
  const cut = await run('verify', '--file', path, '--key', publicKey())
  expect(cut).toMatchObject({
    status: 2,
    stderr: `${path}: line ${others.length + 2} is not a line of an export.\n`,
  })
})

test('a head that was kept names a chain that was dropped together with its entries', async () => {
  const { state, database } = storeLocally(writer.log)
  const kept = join(folder, 'head.jsonl')
  expect((await run('head', '--state', state, '--out', kept)).stdout).toMatch(
    /signed head 2 of \S+Z\. Keep it outside/,
  )
  expect(statSync(kept).mode & 0o777).toBe(0o600)
  const verify = () => run('verify', '--state', state, '--key', publicKey(), '--head', kept)
  expect((await verify()).status).toBe(0)
  database.exec("DELETE FROM events WHERE chain = 'c''at'; DELETE FROM list_entries WHERE chain = 'c''at'")
  const { status, stdout } = await verify()
  expect(status).toBe(1)
  expect(stdout).toMatch(
    /^chain-missing +c'at 1\/1: the chain is missing: signed head 2 lists it up to number 4/m,
  )
})

test('nothing in a changed log reaches the terminal as a control sequence', async () => {
  const { state, database } = storeLocally(writer.log)
  database.exec("UPDATE events SET chain = 'a' || char(27) || '[2J' || char(10) || 'b' WHERE chain = 'ann'")
  const { stdout } = await run('verify', '--state', state, '--key', publicKey())
  expect(stdout).toContain('moved                a\\u001b[2J\\nb 1/1')
  expect(stdout).not.toContain('\u001b')
})

test('status counts what is there', async () => {
  const { state, database } = storeLocally(writer.log)
  const hour = new Date().toISOString().slice(0, 13)
  database.exec(`INSERT INTO denials VALUES ('${hour}', 'no-bearer', 7), ('2020-01-01T00', 'no-bearer', 5);
    INSERT INTO rejected_events VALUES ('x', 'ann', 1, 2, 'why', '{}');`)
  const { status, stdout } = await run('status', '--state', state)
  expect(status).toBe(0)
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(/ {2,}/))
  expect(rows).toEqual([
    ['events', '17'],
    ['oldest', '2026-01-01T00:00:01.000Z'],
    ['newest', expect.stringMatching(/^2026-01-01T00:00:2\d\.000Z$/)],
    ['rejected events', '1'],
    ['sessions', '0'],
    ["strangers' denials, last day", '7'],
  ])
})

test.each([
  ['no command', []],
  ['an unknown command', ['look']],
  ['two commands', ['verify', 'status']],
  ['an unknown option', ['verify', '--since', 'x']],
  ['an option of another command', ['status', '--head', 'x']],
  ['two sources', ['status', '--file', 'x', '--env', 'production']],
  ['no key for a file', ['verify', '--file', 'x']],
  ['no file to write', ['export', '--file', 'x']],
])('%s is wrong use: one sentence and what is accepted', async (_what, parameters) => {
  const { status, stdout, stderr } = await run(...parameters)
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toMatch(/^.+\.\nAccepted forms:\n/)
  expect(stderr).not.toContain('    at ')
})

test('a state without an audit log, a missing file and a file without a head are reported', async () => {
  const path = publicKey()
  expect(await run('status', '--state', join(folder, 'none'))).toMatchObject({ status: 2, stdout: '' })
  expect((await run('status', '--file', join(folder, 'none'))).stderr).toContain('none does not exist.')
  const { state } = storeLocally(writer.log)
  expect((await run('verify', '--state', state, '--key', path, '--head', path)).stderr).toContain(
    'is not a kept head',
  )
  expect((await run('verify', '--state', state, '--key', join(folder, 'none'))).stderr).toContain(
    'none does not exist.',
  )
})

/** `wrangler d1 execute --json` of a D1 that holds this log: one answer for each statement. */
function recordedD1(log: StoredLog): { run: RunSql; asked: string[]; close: () => void } {
  const { database } = storeLocally(log, 'remote')
  const asked: string[] = []
  const answer = async (sql: string) => {
    asked.push(sql)
    const results = database.prepare(sql).all()
    return `${JSON.stringify([{ results, success: true, meta: { duration: 0.2, rows_read: results.length } }], null, 2)}\n`
  }
  return { run: answer, asked, close: () => database.close() }
}

test('a deployed D1 is read page by page, each after the last row of the page before', async () => {
  const recorded = recordedD1(writer.log)
  using log = new SqlAuditLog(new RemoteAuditDatabase(recorded.run, 2), { isWhole: true })
  const report = await verifyLog(log, { keys: [key.published] })
  expect(report.findings.map((finding) => sentenceOf(finding))).toEqual([])
  expect(report).toMatchObject({ events: 17, chains: 4, head: { n: 2 } })
  const pages = recorded.asked.filter((sql) => sql.startsWith('SELECT chain, epoch, seq, body'))
  expect(pages).toHaveLength(9)
  expect(pages[1]).toBe(
    "SELECT chain, epoch, seq, body, hash FROM events WHERE ((chain, epoch, seq) > ('ann', 1, 2)) ORDER BY chain, epoch, seq LIMIT 2",
  )
  expect(pages.at(-1)).toContain("> ('c''at', 1, 3)")

  const file = join(folder, 'remote.jsonl')
  await writeExport(log, file, '2026-01-02T00:00:00.000Z')
  using exported = await openExport(file)
  expect(await verifyLog(exported, { keys: [key.published] })).toEqual(report)
  await writeHead(log, join(folder, 'head'))
  const head = await readHead(join(folder, 'head'))
  expect(await verifyLog(log, { keys: [key.published], head })).toEqual(report)
  recorded.close()
})

test('text before the JSON of wrangler is skipped, and an answer that is not JSON is reported', async () => {
  const good = async () => 'Reading …\n[{ "results": [], "success": true, "meta": {} }]'
  using empty = new SqlAuditLog(new RemoteAuditDatabase(good), { isWhole: true })
  expect(await verifyLog(empty, { keys: [] })).toMatchObject({ findings: [], events: 0 })
  for (const text of ['', '{ "error": { "text": "SECRET" } }', '[{ "success": false }]']) {
    using broken = new SqlAuditLog(new RemoteAuditDatabase(async () => text), { isWhole: true })
    await expect(verifyLog(broken, { keys: [] })).rejects.toThrow('is not an answer of D1')
  }
})

test('the reason why wrangler failed is reported in its own words, bounded', () => {
  const printed = '\n{\n  "error": {\n    "text": "no such table: events: SQLITE_ERROR"\n  }\n}\n'
  expect(failureIn(printed)).toBe('no such table: events: SQLITE_ERROR')
  expect(failureIn(JSON.stringify({ error: { text: 'x'.repeat(1000) } }))).toHaveLength(300)
  expect(failureIn('')).toContain('npx wrangler whoami')
  const signedOut =
    "In a non-interactive environment, it's necessary to set a CLOUDFLARE_API_TOKEN environment variable for wrangler to work."
  expect(failureIn(JSON.stringify({ error: { text: signedOut } }))).toContain('npx wrangler login')
})
