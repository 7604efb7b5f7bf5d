import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { StartProblem } from '#harness/local/start-problem.ts'
import { readCommandLine } from '../../../scripts/operate/command-line.ts'
import { runOperate } from '../../../scripts/operate/run.ts'
import { TokenFile } from '../../../scripts/operate/token-file.ts'
import {
  ACT,
  BOB,
  directoryUser,
  KEPT_TOKEN,
  nobody,
  oneBob,
  OTHER_BOB,
  type Played,
  type PlayedServer,
  playOperate,
  playTerminal,
} from './play-operate.ts'

let state = ''
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'operate-'))
})
afterEach(() => rmSync(state, { recursive: true }))

const EVENT = '01939f2a-7c00-7000-8000-000000000001'

/** Runs a command against the played server, signed in unless `isSignedIn` is false. */
async function run(
  server: PlayedServer,
  words: readonly string[],
  { answers = null, isSignedIn = true }: { answers?: readonly string[] | null; isSignedIn?: boolean } = {},
) {
  const terminal = playTerminal(answers)
  if (isSignedIn) new TokenFile(state, server.origin).write(KEPT_TOKEN, Date.now() + 60_000)
  const code = await runOperate([...words, '--server', server.origin, '--state', state], terminal)
  return { code, out: terminal.out(), said: terminal.said() }
}

test.for([
  [[], 'One command: list'],
  [['sessions'], 'One command: list'],
  [['list', 'more'], 'list takes no argument.'],
  [['list', '--reason', 'x'], 'list does not take --reason.'],
  [['list', '--limit', '501'], '--limit takes a number from 1 to 500.'],
  [['list', '--format', 'xml'], '--format is table or json.'],
  [['show'], 'show takes --user.'],
  [['end', '--reason', 'x'], 'end takes one of --user and --client.'],
  [['block', '--user', 'a', '--client', 'b', '--reason', 'x'], 'block takes one of --user and --client.'],
  [['end', '--client', 'a', '--grant', 'b', '--reason', 'x'], '--grant needs the --user'],
  [['end', '--user', 'a'], 'end needs --reason: it is kept in the audit log.'],
  [['sessions', 'audited', 'abc'], 'sessions audited needs --note'],
  [['erase', '--user', 'a', '--reason', ' '], '--reason: A reason is missing.'],
  [['erase', '--user', 'a', '--reason', 'x\u001b[2J'], '--reason: A reason is one line'],
  [['erase', '--user', 'a', '--reason', 'x'.repeat(501)], '--reason: A reason has at most 500'],
  [['reveal', '--reason', 'x'], 'reveal takes one event.'],
  [['reveal', 'x', '--reason', 'x'], 'reveal takes the id of an event'],
  [['events', '--outcome', 'bad'], 'Accepted: done, refused, failed, unknown.'],
  [['events', '--type', 'grant.opend'], '--type "grant.opend" is not known.'],
  [['events', '--from', 'yesteryear'], '--from "yesteryear" is no time.'],
  [['export', '--reason', 'x'], '--out <file> names the file'],
  [['list', '--server', 'http://mcp.example.com'], '--server takes an origin'],
  [['list', '--server', 'https://mcp.example.com/mcp'], '--server takes an origin'],
] as const)('wrong use is answered before anything is sent: %s', async ([words, sentence]) => {
  const running = runOperate([...words, '--state', state])
  await expect(running).rejects.toThrow(StartProblem)
  await expect(running).rejects.toThrow(sentence)
})

test('a command line is read once, with the names of the API', () => {
  expect(readCommandLine(['events', '--tool', 'addTodo', '--type', 'call', '--limit', '5'])).toMatchObject({
    name: 'events',
    find: { filter: { what: 'addTodo', type: 'call' } },
    limit: 5,
    format: 'table',
  })
  expect(readCommandLine(['sessions', 'audited', 'abc', '--note', 'looked at'])).toMatchObject({
    name: 'sessions audited',
    argument: 'abc',
    reason: 'looked at',
  })
})

test('an id may begin with a dash, and an option is no value', () => {
  for (const client of ['-8GwvWuRtDX-6RLI', '--8GwvWuRtDX6RLI', '-']) {
    const { options } = readCommandLine(['block', '--client', client, '--yes', '--reason', '- a dash'])
    expect(options).toMatchObject({ client, yes: true, reason: '- a dash' })
  }
  for (const next of ['--yes', '--reason', '--reason=x', '--format=json'])
    expect(() => readCommandLine(['block', '--client', next, '--user'])).toThrow(StartProblem)
})

test('a list of users is a table, and what they call themselves hides nothing', async () => {
  const name = 'e\u202evil | \u001b]0;x\u0007'
  await using server = await playOperate({
    'GET /users': [{ body: { users: [directoryUser(BOB, name)], next: BOB } }],
  })
  const { code, out, said } = await run(server, ['list'])
  expect(code).toBe(0)
  expect(out).toContain('2026-11-29T10:00:00Z')
  expect(out).toContain('e\\u202evil \\u007c \\u001b]0;x\\u0007')
  // oxlint-disable-next-line no-control-regex -- the terminal would obey it
  expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/)
  expect(said).toBe(`There are more: --after ${BOB}`)
  const json = await run(server, ['list', '--format', 'json'])
  expect(json.out).not.toContain('\u202e')
  expect(JSON.parse(json.out)).toMatchObject({ users: [{ name }] })
})

test('a user is found by id, by exact name, and by a name that looks like an id', async () => {
  await using server = await playOperate({
    'GET /users': [nobody, oneBob],
    'GET /clients': [{ body: { clients: [] } }],
  })
  const { code, out } = await run(server, ['list', '--user', OTHER_BOB])
  expect({ code, out }).toEqual({ code: 0, out: 'none' })
  expect(server.requests.map(({ route, query }) => [route, query])).toEqual([
    ['GET /users', { id: OTHER_BOB }],
    ['GET /users', { name: OTHER_BOB }],
    ['GET /clients', { user: BOB }],
  ])
})

test('several users with the name are listed, and nothing is done', async () => {
  await using server = await playOperate({
    'GET /users': [
      { body: { users: [directoryUser(BOB, 'Bob', 'bob'), directoryUser(OTHER_BOB)], next: null } },
    ],
  })
  const running = run(server, ['end', '--user', 'bob', '--reason', 'leaver', '--yes'])
  await expect(running).rejects.toThrow(StartProblem)
  await expect(running).rejects.toThrow(BOB)
  await expect(running).rejects.toThrow('bob (Bob)')
  await expect(running).rejects.toThrow(OTHER_BOB)
  expect(server.requests.map(({ route }) => route)).toEqual(['GET /users'])
})

test('nobody with the name is said, with exit code 1', async () => {
  await using server = await playOperate({ 'GET /users': [nobody] })
  const { code, said } = await run(server, ['show', '--user', 'nobody'])
  expect({ code, said }).toEqual({
    code: 1,
    said: 'No user has the id, the username or the whole name nobody. npm run operate -- list shows them.',
  })
})

test('a denial is the server’s sentence with its incident, and exit code 1', async () => {
  await using server = await playOperate({ [`POST /reveal`]: [{ denial: 'role', status: 403 }] })
  const { code, said } = await run(server, ['reveal', EVENT, '--reason', 'x'])
  expect({ code, said }).toEqual({ code: 1, said: 'The server says role. (incident i-1)' })
})

test('a reveal prints the fields, escaped', async () => {
  const fields = { todoText: 'a\u202eb' }
  const body = { act: ACT, event: EVENT, what: 'arguments', fields }
  await using server = await playOperate({ 'POST /reveal': [{ body }] })
  const { code, out } = await run(server, ['reveal', EVENT, '--reason', 'ticket 7'])
  expect({ code, out }).toEqual({ code: 0, out: `arguments of ${EVENT}\ntodoText  "a\\u202eb"` })
  expect(server.requests.at(-1)?.body).toMatchObject({ event: EVENT, reason: 'ticket 7' })
})

test('an export is written page by page, to a private file, whole or not at all', async () => {
  const out = join(state, 'log.jsonl')
  const page = (lines: readonly object[], next: string | null): Played => ({
    body: { act: ACT, lines, next },
  })
  await using server = await playOperate({
    'POST /export': [page([{ kind: 'export', v: 1 }], 'n1')],
    'POST /export/pages': [page([{ kind: 'event', n: 1 }], 'n2'), page([{ kind: 'event', n: 2 }], null)],
  })
  const words = ['export', '--out', out, '--reason', 'yearly audit']
  writeFileSync(`${out}.partial`, 'of an export that was killed', { mode: 0o644 })
  expect(await run(server, words)).toMatchObject({ code: 0, out: expect.stringContaining('3 lines') })
  expect(statSync(out).mode & 0o777).toBe(0o600)
  expect(
    readFileSync(out, 'utf8')
      .split('\n')
      .slice(0, 3)
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { kind: 'export', v: 1 },
    { kind: 'event', n: 1 },
    { kind: 'event', n: 2 },
  ])
  rmSync(out)
  await using broken = await playOperate({
    'POST /export': [page([{ kind: 'export', v: 1 }], 'n1')],
    'POST /export/pages': [{ denial: 'role', status: 403 }],
  })
  expect((await run(broken, words)).code).toBe(1)
  expect(existsSync(out) || existsSync(`${out}.partial`)).toBe(false)
  const nowhere = run(broken, ['export', '--out', join(state, 'no/log.jsonl'), '--reason', 'x'])
  await expect(nowhere).rejects.toThrow('no/log.jsonl cannot be written.')
})

test('signing out removes the token here and at the server', async () => {
  await using server = await playOperate({ 'POST /sign-out': [{ body: { signedOut: true } }] })
  expect(await run(server, ['sign-out'])).toMatchObject({ code: 0, out: `Signed out of ${server.origin}.` })
  expect(server.requests.map(({ route, token }) => [route, token])).toEqual([['POST /sign-out', KEPT_TOKEN]])
  expect(existsSync(new TokenFile(state, server.origin).path)).toBe(false)
  expect(await run(server, ['sign-out'], { isSignedIn: false })).toMatchObject({
    code: 0,
    out: 'You were not signed in.',
  })
})

test('a server that is not there is one sentence, before a browser opens', async () => {
  const origin = await closedOrigin()
  const said: string[] = []
  const terminal = {
    say: (line: string) => said.push(line),
    openBrowser: () => said.push('a browser'),
  }
  expect(await runOperate(['list', '--server', origin, '--state', state], terminal)).toBe(1)
  expect(said).toEqual([`No MCP server answers at ${origin}. Start it in another terminal: npm start`])
})

/** Where a server listened a moment ago. */
async function closedOrigin(): Promise<string> {
  await using server = await playOperate({})
  return server.origin
}

test('a server without operators, and an answer of another release, are one sentence', async () => {
  await using server = await playOperate({ 'GET /cutoffs': [{ body: { other: true } }] })
  const { code, said } = await run(server, ['cutoffs'])
  expect(code).toBe(1)
  expect(said).toBe(`${server.origin} answers in another form: use the command of its release.`)
  await using without = await playOperate({}, { isThere: false, knowsKept: false })
  const refused = await run(without, ['cutoffs'], { isSignedIn: false })
  expect(refused.code).toBe(1)
  expect(refused.said).toContain(`${without.origin} has no operators: OPERATOR_GROUP`)
})
