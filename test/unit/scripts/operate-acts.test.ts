import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { operateRoutes } from '#operate/api-schema.ts'
import { OperateApi } from '../../../scripts/operate/client.ts'
import { Operator } from '../../../scripts/operate/operator.ts'
import { runOperate } from '../../../scripts/operate/run.ts'
import { TokenFile } from '../../../scripts/operate/token-file.ts'
import {
  ACT,
  BOB,
  directoryUser,
  KEPT_TOKEN,
  oneBob,
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

const CLIENT = 'https://client.example/metadata.json'
const affects = (users: number, grants: number, isWalk = false): Played => ({
  body: { affects: { users, grants }, isWalk, isExact: !isWalk },
})
const progress = (users: number, grants: number, next: string | null = null): Played => ({
  body: { act: ACT, operation: 'end-user', affected: { users, grants }, next },
})
const UNAVAILABLE: Played = { denial: 'unavailable', status: 503 }
const STALE: Played = { denial: 'stale', status: 403 }

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

test('an act says in numbers what it affects, and needs the user’s name to go on', async () => {
  const routes = {
    'GET /users': [oneBob],
    'POST /acts/preview': [affects(1, 3)],
    'POST /acts': [progress(1, 3)],
  }
  await using refused = await playOperate(routes)
  const words = ['end', '--user', 'bob', '--reason', 'leaver']
  const mistyped = await run(refused, words, { answers: ['bOb'] })
  expect(mistyped.code).toBe(1)
  expect(mistyped.said).toContain('It affects 1 user, 3 grants.')
  expect(mistyped.said).toContain("Type the user's name to go on, bob: ")
  expect(mistyped.said).toContain('Nothing was changed.')
  expect(refused.requests.map(({ route }) => route)).not.toContain('POST /acts')

  await using server = await playOperate(routes)
  const { code, out } = await run(server, words, { answers: ['bob'] })
  expect(code).toBe(0)
  expect(out).toContain('Done: 1 user, 3 grants. Every object has answered. Act 7b0e9a52-')
  expect(server.requests.at(-1)?.body).toEqual({
    act: expect.stringMatching(/^[\w-]{36}$/),
    target: { operation: 'end-user', user: BOB },
    reason: 'leaver',
  })
})

test('the username is what an operator types, and names are shown with it', async () => {
  await using server = await playOperate({
    'GET /users': [{ body: { users: [directoryUser(BOB, 'Bob Kahn', 'bob')], next: null } }],
    'POST /acts/preview': [affects(1, 1)],
    'POST /acts': [progress(1, 1)],
  })
  const words = ['block', '--user', 'bob', '--reason', 'x']
  expect((await run(server, words, { answers: ['Bob Kahn'] })).code).toBe(1)
  const { code, said } = await run(server, words, { answers: ['bob'] })
  expect(code).toBe(0)
  expect(said).toContain(`This ends every grant of bob (Bob Kahn) [${BOB}] and refuses new logins.`)
  expect(said).toContain('Type the username to go on, bob: ')
})

test('without a terminal an act needs --yes', async () => {
  await using server = await playOperate({ 'GET /users': [oneBob], 'POST /acts/preview': [affects(1, 0)] })
  await expect(run(server, ['block', '--user', 'bob', '--reason', 'x'])).rejects.toThrow('add --yes')
  expect(server.requests.map(({ route }) => route)).not.toContain('POST /acts')
})

test('a name that cannot be typed is confirmed by the id', async () => {
  await using server = await playOperate({
    'GET /users': [{ body: { users: [directoryUser(BOB, 'b\u200bob')], next: null } }],
    'POST /acts/preview': [affects(1, 1)],
    'POST /acts': [progress(1, 1)],
  })
  const { code, said } = await run(server, ['erase', '--user', BOB, '--reason', 'x'], { answers: [BOB] })
  expect(code).toBe(0)
  expect(said).toContain(`Type the user's id to go on, ${BOB}: `)
})

test.for([
  [
    ['end', '--user', BOB, '--grant', 'g234567890123456'],
    { operation: 'end-grant', user: BOB, grant: 'g234567890123456' },
  ],
  [['block', '--user', BOB], { operation: 'block-user', user: BOB }],
  [['unblock', '--user', BOB], { operation: 'unblock-user', user: BOB }],
  [['erase', '--user', BOB], { operation: 'erase-user', user: BOB }],
  [['end', '--client', CLIENT], { operation: 'end-client', client: CLIENT }],
  [['block', '--client', CLIENT], { operation: 'block-client', client: CLIENT }],
  [['unblock', '--client', CLIENT], { operation: 'unblock-client', client: CLIENT }],
] as const)('%s asks for one operation', async ([words, target]) => {
  await using server = await playOperate({
    'GET /users': [oneBob],
    'POST /acts/preview': [affects(1, 1)],
    'POST /acts': [progress(1, 1)],
  })
  expect((await run(server, [...words, '--reason', 'x', '--yes'])).code).toBe(0)
  const preview = server.requests.find(({ route }) => route === 'POST /acts/preview')
  expect(preview?.body).toEqual(target)
  expect(server.requests.at(-1)?.body).toMatchObject({ target })
})

test('a walk continues until every object has answered', async () => {
  await using server = await playOperate({
    'POST /acts/preview': [affects(120, 130, true)],
    'POST /acts': [progress(50, 55, 'a')],
    'POST /acts/*/continue': [progress(100, 110, 'b'), progress(120, 130)],
  })
  const { code, out, said } = await run(server, ['end', '--client', CLIENT, '--reason', 'x', '--yes'])
  expect(code).toBe(0)
  expect(said).toContain('It affects at most 120 users, 130 grants.')
  expect(said).toContain('If it is interrupted, run the same command again')
  expect(said).toContain('50 users, 55 grants so far')
  expect(out).toContain('Done: 120 users, 130 grants.')
  const [, begun, ...continued] = server.requests
  const route = `POST /acts/${actOf(begun?.body)}/continue`
  expect(continued).toMatchObject([
    { route, body: { next: 'a' } },
    { route, body: { next: 'b' } },
  ])
})

test('a walk that ends early says how far it came', async () => {
  await using server = await playOperate({
    'POST /acts/preview': [affects(120, 130, true)],
    'POST /acts': [progress(50, 55, 'a')],
    'POST /acts/*/continue': [{ denial: 'role', status: 403 }],
  })
  const { code, out, said } = await run(server, ['end', '--client', CLIENT, '--reason', 'x', '--yes'])
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(said).toContain('Not complete: 50 users, 55 grants so far. Run the same command again.')
})

test('a request that no object answered is sent again, the same one', async () => {
  await using server = await playOperate({
    'GET /cutoffs': [UNAVAILABLE, UNAVAILABLE, { body: { cutoffs: [] } }],
  })
  const terminal = { print: () => {}, say: () => {}, ask: null, openBrowser: null }
  const file = new TokenFile(state, server.origin)
  file.write(KEPT_TOKEN, Date.now() + 60_000)
  const deps = { api: new OperateApi(server.origin), file, terminal }
  const patient = new Operator({ ...deps, retryWaitsMs: [0, 0] })
  expect(await patient.send(operateRoutes.cutoffs)).toEqual({ cutoffs: [] })
  expect(server.requests).toHaveLength(3)

  await using away = await playOperate({ 'GET /cutoffs': [UNAVAILABLE] })
  const impatient = new Operator({ ...deps, api: new OperateApi(away.origin), retryWaitsMs: [0] })
  await expect(impatient.send(operateRoutes.cutoffs)).rejects.toThrow('The server says unavailable.')
  expect(away.requests).toHaveLength(2)
})

function actOf(body: unknown): string {
  if (typeof body !== 'object' || body === null || !('act' in body)) throw new Error('no act')
  return String(body.act)
}

test('the command signs in by itself: at first, when the sign-in is over, and when an act needs a newer one', async () => {
  await using server = await playOperate(
    {
      'GET /users': [oneBob],
      'POST /acts/preview': [affects(1, 1)],
      'POST /acts': [STALE, progress(1, 1)],
    },
    { knowsKept: false },
  )
  const words = ['end', '--user', 'bob', '--reason', 'x', '--yes']
  const first = await run(server, words, { isSignedIn: false })
  expect(first.code).toBe(0)
  expect(first.said).toContain('Signed in as grace (Grace Hopper): viewer, operator.')
  expect(first.said).toContain('The server says stale.')
  expect(server.tokens).toEqual(['op_1', 'op_2'])
  const acts = server.requests.filter(({ route }) => route === 'POST /acts')
  expect(acts.map(({ token }) => token)).toEqual(['op_1', 'op_2'])
  expect(acts[0]?.body).toEqual(acts[1]?.body)

  // This server does not know the kept token.
  const over = await run(server, words)
  expect(over.code).toBe(0)
  expect(over.said).toContain('The server says unauthenticated.')
  expect(new TokenFile(state, server.origin).read()).toBe('op_3')
  expect(over.out + over.said + first.out + first.said).not.toMatch(/op_\d/)
})

test('an act that stays stale ends after one more sign-in', async () => {
  await using server = await playOperate({
    'GET /users': [oneBob],
    'POST /acts/preview': [affects(1, 1)],
    'POST /acts': [STALE],
  })
  const { code, said } = await run(server, ['end', '--user', 'bob', '--reason', 'x', '--yes'])
  expect(code).toBe(1)
  expect(said).toContain('Not complete: 0 users, 0 grants so far. Run the same command again.')
  expect(server.tokens).toEqual(['op_1'])
})
