import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { GENESIS, hashOf } from '#events/chain.ts'
import { readRootKeys } from '#lib/root-keys.ts'
import { uuidv7 } from '#lib/uuid.ts'
import {
  hashOfName,
  hashOfUsername,
  nameInDirectory,
  usernameInDirectory,
} from '#users/audit/directory-names.ts'
import { encrypt } from '#users/base/encryption.ts'
import { keepKeys } from '#harness/local/keys.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { RemoteAuditDatabase } from '../../../scripts/audit/databases.ts'
import { findEvents } from '../../../scripts/audit/find.ts'
import { readFindRequest } from '../../../scripts/audit/find-options.ts'
import { runAudit } from '../../../scripts/audit/run.ts'
import { SqlAuditLog } from '../../../scripts/audit/sql-log.ts'

const folder = mkdtempSync(join(tmpdir(), 'audit-find-'))
afterAll(() => rmSync(folder, { recursive: true }))

// The names of users' objects.
const [ADA, BOB] = ['AdaAdaAdaAdaAdaAdaAda1', 'BobBobBobBobBobBobBob1']
const CLAUDE = { id: 'https://claude.example.com/client.json', domain: 'claude.example.com' }
const MADE_UP = { id: '=HYPERLINK("https://evil.example.com")' }
const START_MS = Date.UTC(2026, 9, 25)
const at = (hours: number, minutes = 0) => START_MS + (hours * 60 + minutes) * 60_000

const state = join(folder, 'state')
const { data, keys } = describeStateFolder(state)
const place = join(data, 'mcp/v3/d1/miniflare-D1DatabaseObject')
mkdirSync(place, { recursive: true })
const database = new DatabaseSync(join(place, 'b.sqlite'))
database.exec('PRAGMA journal_mode = WAL')
for (const file of readdirSync('migrations').toSorted())
  database.exec(readFileSync(join('migrations', file), 'utf8'))
const { rootKeys } = keepKeys(keys)

const last = new Map<string, { seq: number; hash: string }>()
async function store(user: string, atMs: number, part: { type: string } & Record<string, unknown>) {
  const base = { id: uuidv7(atMs), at: new Date(atMs).toISOString(), app: 'todos', user }
  const body = JSON.stringify({ ...base, ...part })
  const before = last.get(user) ?? { seq: 0, hash: GENESIS }
  const seq = before.seq + 1
  const hash = await hashOf(before.hash, { chain: user, epoch: 1, seq }, body)
  last.set(user, { seq, hash })
  database
    .prepare('INSERT INTO events (chain, epoch, seq, body, hash) VALUES (?, 1, ?, ?, ?)')
    .run(user, seq, body, hash)
  return base.id
}
function call(name: string, outcome: string, more: Record<string, unknown> = {}) {
  const what = { kind: 'tool', name }
  const intent = { transaction: 'tx-1', grant: 'g', client: CLAUDE, transport: 'session', effect: 'write' }
  return { type: 'call', ...intent, step: 'act', what, outcome, endedAt: '2026-10-25T00:00:00.000Z', ...more }
}
const SECRETS = { personal: 'CIPHERTEXT', hash: { email: 'KEYED-HASH' } }
await store(ADA, at(0), { type: 'chain.opened', previous: null })
await store(ADA, at(0, 30), call('addTodo', 'done', { arguments: { plain: { id: '7' }, ...SECRETS } }))
await store(ADA, at(1, 30), call('addTodo', 'failed', { transaction: 'tx-2' }))
await store(BOB, at(0, 45), { type: 'chain.opened', previous: null })
const refused = { transaction: 'tx-3', client: MADE_UP, reason: 'why\u202enot\u001b[31m' }
await store(BOB, at(2), { type: 'call.denied', count: 1, lastAt: '2026-10-25T02:00:00.000Z', ...refused })
await store(BOB, at(3), { type: 'call.dreamt', dream: 'not for this release' })
const act = { type: 'operator.began', act: crypto.randomUUID(), operation: 'end-user', about: BOB }
await store(ADA, at(4), { ...act, reason: { personal: 'CIPHERTEXT' }, affects: { users: 1, grants: 2 } })

async function storeNames(user: string, name: string, username: string) {
  const read = readRootKeys(rootKeys, undefined)
  if (!read.ok) throw new Error(read.error)
  const [root] = read.value
  database
    .prepare('INSERT INTO users VALUES (?, ?, ?, 0, 0, ?, ?)')
    .run(
      user,
      await encrypt([root], nameInDirectory(user), name),
      await hashOfName(root, name),
      await encrypt([root], usernameInDirectory(user), username),
      await hashOfUsername(root, username),
    )
}
await storeNames(ADA, 'Ada Lovelace', 'ada')

async function find(...options: string[]) {
  const [lines, said]: [string[], string[]] = [[], []]
  const status = await runAudit(
    ['find', ...options],
    (line) => lines.push(line),
    (line) => said.push(line),
  )
  return { status, lines, said }
}
const local = (...options: string[]) => find('--state', state, ...options)
const Found = z.object({
  id: z.string(),
  user: z.string(),
  seq: z.int(),
  event: z.looseObject({ type: z.string() }).nullable(),
  fault: z.string().nullable(),
})
const foundIn = ({ lines }: { lines: string[] }) => lines.map((line) => Found.parse(JSON.parse(line)))
const places = async (...options: string[]) =>
  foundIn(await local('--format', 'jsonl', ...options)).map(({ user, seq }) => `${user.slice(0, 3)} ${seq}`)

test('events are found by user, tool, outcome, type, client, transaction and time', async () => {
  expect(await places()).toEqual(['Ada 1', 'Ada 2', 'Bob 1', 'Ada 3', 'Bob 2', 'Bob 3', 'Ada 4'])
  expect(await places('--newest', '--limit', '2')).toEqual(['Ada 4', 'Bob 3'])
  expect(await places('--user', ADA, '--tool', 'addTodo')).toEqual(['Ada 2', 'Ada 3'])
  expect(await places('--outcome', 'failed')).toEqual(['Ada 3'])
  expect(await places('--outcome', 'done', '--client', CLAUDE.id)).toEqual(['Ada 2'])
  expect(await places('--type', 'call.denied')).toEqual(['Bob 2'])
  expect(await places('--transaction', 'tx-2')).toEqual(['Ada 3'])
  expect(await places('--from', '2026-10-25T01:30', '--to', '2026-10-25T03:00')).toEqual(['Ada 3', 'Bob 2'])
  expect(await places('--from', '2026-10-26')).toEqual([])
  expect((await local('--from', '2026-10-26')).said).toEqual(['No event fits.'])
})

test('a user of the local log is found by either name, in any case, and not by a part of it', async () => {
  expect(await places('--user', 'ada lovelace', '--type', 'call')).toEqual(['Ada 2', 'Ada 3'])
  expect(await places('--user', 'ADA', '--type', 'call')).toEqual(['Ada 2', 'Ada 3'])
  const { said } = await local('--user', 'ada', '--type', 'call')
  expect(said).toEqual([`Events of ${ADA}  ada (Ada Lovelace)`])
  await expect(local('--user', 'Lovelace')).rejects.toThrow('No user here has the name "Lovelace".')
  await storeNames(BOB, 'ADA LOVELACE', 'b\u202eob')
  await expect(local('--user', 'Ada Lovelace')).rejects.toThrow(
    /^Several users [^\n]*\nAdaAda\w+  ada \(Ada Lovelace\)\nBobBob\w+  b\\u202eob \(ADA LOVELACE\)$/,
  )
})

test('an export is searched as the log is, but not by the names of users', async () => {
  const file = join(folder, 'export.jsonl')
  await runAudit(['export', '--state', state, '--out', file], () => {})
  for (const options of [
    [],
    ['--newest', '--tool', 'addTodo'],
    ['--outcome', 'failed', '--user', ADA],
    ['--type', 'call.denied'],
    ['--transaction', 'tx-2'],
    ['--session', 's'],
    ['--client', CLAUDE.id],
  ]) {
    const jsonl = ['--format', 'jsonl', ...options]
    expect((await find('--file', file, ...jsonl)).lines).toEqual((await local(...jsonl)).lines)
  }
  await expect(find('--file', file, '--user', 'Ada Lovelace')).rejects.toThrow(
    /^"Ada Lovelace" is no name of a user's object, .*: npm run operate -- list --user <name> finds it\.$/,
  )
})

test('a deployed log is asked with the same statements, their values as literals', async () => {
  const asked: string[] = []
  const remote = new RemoteAuditDatabase(async (sql) => {
    asked.push(sql)
    return JSON.stringify([{ success: true, results: database.prepare(sql).all() }])
  })
  const lines: string[] = []
  const request = readFindRequest({ client: "it's ? \n  here", outcome: 'done', format: 'jsonl' }, 0)
  await findEvents(
    new SqlAuditLog(remote, { isWhole: true }).questions,
    request,
    null,
    (line) => lines.push(line),
    () => {},
  )
  expect(lines).toEqual([])
  expect(asked).toHaveLength(1)
  expect(asked[0]).toContain("client = 'it''s ? \n  here'")
  const all = readFindRequest({ format: 'jsonl' }, 0)
  await findEvents(
    new SqlAuditLog(remote, { isWhole: true }).questions,
    all,
    null,
    (line) => lines.push(line),
    () => {},
  )
  expect(lines).toEqual((await local('--format', 'jsonl')).lines)
})

test('personal arguments and reasons are never shown, in no format', async () => {
  for (const format of ['table', 'jsonl', 'csv']) {
    const text = (await local('--format', format)).lines.join('\n')
    expect(text).not.toMatch(/CIPHERTEXT|KEYED-HASH/)
    expect(text.split('(personal)')).toHaveLength(3)
    expect(text).toMatch(/"{1,2}id"{1,2}:"{1,2}7"{1,2}/)
  }
})

test('an event of another release is a line with a mark, without its text', async () => {
  const [marked] = foundIn(await local('--format', 'jsonl', '--user', BOB, '--from', '2026-10-25T03:00'))
  expect(marked).toMatchObject({ seq: 3, event: null, fault: 'type' })
  const table = (await local()).lines.join('\n')
  expect(table).toContain('(of another release: type)')
  expect(table).not.toContain('not for this release')
})

test('a line of an act says what an operator did, and whom it concerned', async () => {
  const [line = ''] = (await local('--type', 'operator.began')).lines.slice(1)
  expect(line).toMatch(/ operator\.began +end-user +AdaAda\w+ [\w-]{36} user BobBob\w+ · \(personal\)$/)
  const [head = '', row = ''] = (await local('--type', 'operator.began', '--format', 'csv')).lines
  const cellOf = (name: string) => row.trimEnd().split(',')[head.trimEnd().split(',').indexOf(name)]
  expect(['operation', 'about', 'subject', 'by'].map(cellOf)).toEqual(['end-user', BOB, '', ''])
})

test('the table has a line for each event, and shows characters that hide', async () => {
  const { lines } = await local('--user', BOB)
  expect(lines).toHaveLength(4)
  expect(lines[0]).toMatch(/^time +type +outcome +what +user +event +client/)
  expect(lines[2]).toMatch(/^2026-10-25T02:00:00\.000Z call\.denied /)
  expect(lines[2]).toContain('why\\u202enot\\u001b[31m')
})

test('--tz shows times in a zone with their offset, also in the hour that a change repeats', async () => {
  const times = async (zone: string, format = 'table') =>
    (await local('--tz', zone, '--format', format, '--from', '2026-10-25', '--to', '2026-10-25T02:00')).lines
      .slice(1)
      .map((line) => line.split(/[ ,]/)[0])
  // Summer time of 2026 ends at 01:00 UTC in Europe.
  expect(await times('Europe/Berlin')).toEqual([
    '2026-10-25T02:00:00.000+02:00',
    '2026-10-25T02:30:00.000+02:00',
    '2026-10-25T02:45:00.000+02:00',
    '2026-10-25T02:30:00.000+01:00',
  ])
  expect((await times('Asia/Kolkata', 'csv'))[1]).toBe('2026-10-25T06:00:00.000+05:30')
  expect((await times('UTC'))[1]).toBe('2026-10-25T00:30:00.000+00:00')
})

test('CSV is RFC 4180, and no cell is a formula', async () => {
  const { lines } = await local('--format', 'csv', '--user', BOB, '--type', 'call.denied')
  expect(lines).toHaveLength(2)
  for (const line of lines) expect(line).toMatch(/\r$/)
  expect(lines[0]).toMatch(/^at,event,type,user,client,/)
  expect(lines[1]).toContain(`,"'=HYPERLINK(""https://evil.example.com"")",`)
  expect(lines[1]).toContain(',why\\u202enot\\u001b[31m,')
})

test.each([
  [
    ['--from', '14:00', '--to', '13:00'],
    /^--from \(.*T14:00:00\.000Z\) is not before --to .* Times are UTC: /,
  ],
  [['--from', 'soon'], /^--from "soon" is no time\. Times are UTC: 2026-05-01, /],
  [['--to', '2026-02-30'], /^--to "2026-02-30" is no time\./],
  [['--from', '25:00'], /^--from "25:00" is no time\./],
  [['--outcome', 'fine'], /^--outcome "fine" is not known\. Accepted: done, refused, failed, unknown\.$/],
  [['--type', 'calls'], /^--type "calls" is not known\. Accepted: chain\.opened, .*call\.denied/],
  [['--format', 'xml'], /^--format "xml" is not known\. Accepted: table, jsonl, csv\.$/],
  [
    ['--tz', 'Mars/Olympus'],
    /^--tz "Mars\/Olympus" is no time zone\. Accepted are names such as Europe\/Berlin/,
  ],
  [['--limit', '0'], /^--limit "0" is no number\. Accepted: 1 to /],
  [['--client', ''], /^--client is empty\./],
  [['--session', 'x'.repeat(65)], /^--session is too long to be one\.$/],
  [['--actor', 'ada'], /^Unknown option '--actor'\.\nAccepted forms:/],
  [['--out', 'file'], /^find does not take --out\.\nAccepted forms:/],
  [['--state', 'a', '--file', 'b'], /^One source: /],
])('find %o is answered with one sentence and the accepted forms', async (options, sentence) => {
  await expect(find(...options)).rejects.toThrow(StartProblem)
  await expect(find(...options)).rejects.toThrow(sentence)
})

test('reveal is a command of operators', async () => {
  const asked = runAudit(['reveal', 'an-event', '--reason', 'a complaint'], () => {})
  await expect(asked).rejects.toThrow('reveal takes the id of an event')
})

test('times are read in every accepted form', () => {
  const now = Date.UTC(2026, 4, 10, 15, 30)
  const from = (text: string) =>
    new Date(readFindRequest({ from: text }, now).filter.fromMs ?? 0).toISOString()
  const read = {
    '2026-05-01': '2026-05-01T00:00:00.000Z',
    '2026-05-01T14:00': '2026-05-01T14:00:00.000Z',
    '2026-05-01 14:00:05': '2026-05-01T14:00:05.000Z',
    '2026-05-01T14:00:00.250Z': '2026-05-01T14:00:00.250Z',
    '2026-05-01T14:00:00+02:00': '2026-05-01T12:00:00.000Z',
    '14:00': '2026-05-10T14:00:00.000Z',
    today: '2026-05-10T00:00:00.000Z',
    yesterday: '2026-05-09T00:00:00.000Z',
    'yesterday 14:00': '2026-05-09T14:00:00.000Z',
    now: '2026-05-10T15:30:00.000Z',
    '2h ago': '2026-05-10T13:30:00.000Z',
    '90m': '2026-05-10T14:00:00.000Z',
    '3d ago': '2026-05-07T15:30:00.000Z',
    '1w ago': '2026-05-03T15:30:00.000Z',
  }
  for (const [text, iso] of Object.entries(read)) expect([text, from(text)]).toEqual([text, iso])
})
