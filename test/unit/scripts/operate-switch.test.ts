import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runOperate } from '../../../scripts/operate/run.ts'
import { TokenFile } from '../../../scripts/operate/token-file.ts'
import {
  ACT,
  BOB,
  KEPT_TOKEN,
  oneBob,
  type Played,
  type PlayedServer,
  playOperate,
  playTerminal,
} from './play-operate.ts'

let state = ''
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'switch-'))
})
afterEach(() => rmSync(state, { recursive: true }))

const done = (outcome = 'done'): Played => ({ body: { act: ACT, outcome } })
const ROUTES = { 'GET /users': [oneBob], 'POST /switches': [done()] }
const SAYS = ['--says', 'Closed.', '--reason', 'ticket 7']

async function run(server: PlayedServer, words: readonly string[], answers: readonly string[] | null = null) {
  const terminal = playTerminal(answers)
  new TokenFile(state, server.origin).write(KEPT_TOKEN, Date.now() + 60_000)
  const code = await runOperate(['switch', ...words, '--server', server.origin, '--state', state], terminal)
  return { code, out: terminal.out(), said: terminal.said() }
}

const sent = (server: PlayedServer) => server.requests.find(({ route }) => route === 'POST /switches')?.body

test.for([
  [['--user', 'bob'], { kind: 'user', value: BOB }],
  [['--client', 'https://client.example/c.json'], { kind: 'client', value: 'https://client.example/c.json' }],
  [['--domain', 'client.example'], { kind: 'domain', value: 'client.example' }],
  [['--tool', 'addTodo'], { kind: 'tool', value: 'addTodo' }],
  [['--app', 'todos'], { kind: 'app', value: 'todos' }],
  [['--everything'], { kind: 'everything' }],
] as const)('switch off %j names one target', async ([words, target]) => {
  await using server = await playOperate(ROUTES)
  const { code, out } = await run(server, ['off', ...words, ...SAYS, '--yes'])
  expect([code, out]).toEqual([0, expect.stringContaining(`Switch ${ACT}`)])
  expect(sent(server)).toEqual({
    act: expect.stringMatching(/^[\w-]{36}$/),
    target,
    says: 'Closed.',
    until: null,
    reason: 'ticket 7',
  })
})

test('switching everything off says what it closes and what stays open, and asks', async () => {
  await using server = await playOperate(ROUTES)
  const words = ['off', '--everything', ...SAYS]
  await expect(run(server, words)).rejects.toThrow('add --yes')
  const mistyped = await run(server, words, ['yes'])
  expect(mistyped.code).toBe(1)
  expect(mistyped.said).toContain('This closes /mcp for everyone')
  expect(mistyped.said).toContain('Users can still end access at /me')
  expect(mistyped.said).toContain('Until an operator switches it on again.')
  expect(sent(server)).toBeUndefined()
  expect((await run(server, words, ['everything'])).code).toBe(0)
})

test('a switch ends after a duration, or at a time with a zone', async () => {
  await using server = await playOperate(ROUTES)
  const before = Date.now()
  await run(server, ['off', '--app', 'todos', ...SAYS, '--yes', '--for', '2h'])
  const { until } = JSON.parse(JSON.stringify(sent(server)))
  expect(Date.parse(until) - before).toBeGreaterThanOrEqual(7_200_000)
  expect(Date.parse(until) - Date.now()).toBeLessThanOrEqual(7_200_000)
  await using other = await playOperate(ROUTES)
  await run(other, ['off', '--app', 'todos', ...SAYS, '--yes', '--until', '2030-01-01T12:00:00+02:00'])
  expect(sent(other)).toMatchObject({ until: '2030-01-01T10:00:00.000Z' })
})

test('switch list shows what is off, and switch on ends one of it', async () => {
  const shown = {
    id: ACT,
    target: { kind: 'tool', value: 'add|Todo' },
    says: 'Closed.',
    since: '2026-11-29T10:00:00.000Z',
    until: null,
  }
  await using server = await playOperate({
    'GET /switches': [{ body: { switches: [shown] } }, { body: { switches: [] } }],
    [`POST /switches/${ACT}/end`]: [done(), done('not-everywhere')],
  })
  const { out } = await run(server, ['list'])
  expect(out).toContain(ACT)
  expect(out).toContain('add\\u007cTodo')
  expect((await run(server, ['list'])).out).toBe('none')
  expect(await run(server, ['on', ACT, '--reason', 'over'])).toMatchObject({ code: 0 })
  const slow = await run(server, ['on', ACT, '--reason', 'over'])
  expect([slow.code, slow.out]).toEqual([1, ''])
  expect(slow.said).toContain('not every copy has answered')
})

test.for([
  [['off', ...SAYS], 'switch off takes one of'],
  [['off', '--app', 'a', '--tool', 'b', ...SAYS], 'switch off takes one of'],
  [['off', '--app', 'a', '--reason', 'x'], 'needs --says'],
  [['off', '--app', 'a', '--says', 'two\nlines', '--reason', 'x'], '--says is one line'],
  [['off', '--app', 'a', '--says', 'x'], 'switch off needs --reason'],
  [['off', '--app', 'a', ...SAYS, '--for', '0h'], '--for takes'],
  [['off', '--app', 'a', ...SAYS, '--for', '2'], '--for takes'],
  [['off', '--app', 'a', ...SAYS, '--until', '2030-01-01T12:00:00'], '--until takes'],
  [['off', '--app', 'a', ...SAYS, '--for', '1h', '--until', '2030-01-01T12:00:00Z'], 'not both'],
  [['on', 'x', '--reason', 'x'], 'switch on takes the id'],
  [['on', '--reason', 'x'], 'switch on takes one switch'],
  [['list', '--app', 'a'], 'switch list does not take --app'],
] as const)('switch %j is wrong use, and nothing is sent', async ([words, sentence]) => {
  await using server = await playOperate(ROUTES)
  await expect(run(server, [...words])).rejects.toThrow(sentence)
  expect(server.requests).toEqual([])
})
