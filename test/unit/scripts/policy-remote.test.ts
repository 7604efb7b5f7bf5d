import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readPolicyText } from '#control/documents.ts'
import type { PolicyPreview, PolicyState } from '#operate/policy-schema.ts'
import { runRemote } from '../../../scripts/policy/remote.ts'
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
  state = mkdtempSync(join(tmpdir(), 'policy-'))
})
afterEach(() => rmSync(state, { recursive: true }))

const denying = (tool: string, says = 'No.') => ({
  id: `no-${tool}`,
  what: { kind: 'tool', name: tool },
  effect: 'deny',
  says,
})

/** A document as a file has it, and as the server stores it. */
async function documentOf(rules: readonly object[], more: object = {}) {
  const text = JSON.stringify({ version: 1, default: 'allow', rules, ...more })
  const read = await readPolicyText(text)
  if (!read.ok) throw new Error(read.error.join('; '))
  return { text, hash: read.value.policy.hash, canonical: read.value.text }
}
type Document = Awaited<ReturnType<typeof documentOf>>

const before = await documentOf([denying('a'), denying('b')])
const after = await documentOf([denying('b', 'Not at night.'), denying('c')])

const stateWith = (more: Partial<PolicyState> = {}): Played => ({
  body: {
    inForce: before.hash,
    pending: null,
    history: [
      {
        hash: before.hash,
        by: BOB,
        confirmedBy: null,
        act: ACT,
        at: '2026-11-29T10:00:00.000Z',
        how: 'applied',
      },
    ],
    carried: { name: 'default', hash: before.hash, isAdopted: true },
    changes: 'two-editors',
    ...more,
  },
})
const pending = {
  hash: after.hash,
  by: BOB,
  act: ACT,
  base: before.hash,
  at: '2026-11-29T11:00:00.000Z',
  widens: ['Rule no-a, which denies, is gone.'],
  how: 'applied' as const,
}
const preview = (more: Partial<PolicyPreview> = {}): Played => ({
  body: {
    hash: after.hash,
    problems: [],
    widens: ['Rule no-a, which denies, is gone.'],
    needsSecondEditor: true,
    ...more,
  },
})
const change = (outcome: string): Played => ({
  body: { act: ACT, outcome, hash: after.hash, widens: [] },
})
const stored = ({ hash, canonical }: Document) => ({
  [`GET /policy/documents/${hash}`]: [{ body: { hash, document: canonical } }],
})
const DOCUMENTS = { ...stored(before), ...stored(after) }

async function run(
  server: PlayedServer,
  [name, ...words]: readonly [Parameters<typeof runRemote>[0], ...string[]],
  answers: readonly string[] | null = null,
) {
  const terminal = playTerminal(answers)
  new TokenFile(state, server.origin).write(KEPT_TOKEN, Date.now() + 60_000)
  const code = await runRemote(name, [...words, '--server', server.origin, '--state', state], terminal)
  return { code, out: terminal.out(), said: terminal.said() }
}

function fileOf({ text }: Pick<Document, 'text'>): string {
  const file = join(state, 'policy.jsonc')
  writeFileSync(file, text)
  return file
}

const bodyAt = (server: PlayedServer, route: string) =>
  server.requests.find((request) => request.route === route)?.body

test('apply says what changes and what widens, and asks before it sends anything', async () => {
  const routes = {
    'GET /policy': [stateWith()],
    'POST /policy/preview': [preview()],
    'POST /policy/apply': [change('pending')],
    ...DOCUMENTS,
  }
  const words = ['apply', fileOf(after), '--reason', 'ticket 7'] as const
  await using refused = await playOperate(routes)
  const mistyped = await run(refused, [...words], ['yes'])
  expect(mistyped.code).toBe(1)
  expect(mistyped.said).toContain('+ rule no-c: deny tool c: No.')
  expect(mistyped.said).toContain('- rule no-a: deny tool a: No.')
  expect(mistyped.said).toContain('~ rule no-b: says: No. becomes Not at night.')
  expect(mistyped.said).toContain('It widens access: Rule no-a, which denies, is gone.')
  expect(mistyped.said).toContain('Another editor must confirm it')
  expect(mistyped.said).toContain('Nothing was changed.')
  expect(bodyAt(refused, 'POST /policy/apply')).toBeUndefined()

  await using server = await playOperate(routes)
  const { code, out } = await run(server, [...words], [after.hash.slice(0, 6)])
  expect([code, out]).toEqual([0, expect.stringContaining(`npm run policy -- confirm ${after.hash}`)])
  expect(bodyAt(server, 'POST /policy/apply')).toEqual({
    act: expect.stringMatching(/^[\w-]{36}$/),
    document: after.canonical,
    base: before.hash,
    reason: 'ticket 7',
  })
})

test('a document that is not valid here is not sent, and one that the server refuses is said with the list', async () => {
  await using server = await playOperate({
    'GET /policy': [stateWith()],
    'POST /policy/preview': [preview({ problems: ['rule no-c: there is no tool c'], widens: [] })],
    'POST /policy/apply': [{ denial: 'invalid', status: 400, problems: ['rule no-c: there is no tool c'] }],
    ...DOCUMENTS,
  })
  const broken = await run(server, ['apply', fileOf({ text: '{ "version": 2 }' }), '--reason', 'x', '--yes'])
  expect([broken.code, broken.out]).toEqual([1, ''])
  expect(broken.said).toContain('version')
  expect(server.requests).toEqual([])
  const refused = await run(server, ['apply', fileOf(after), '--reason', 'x', '--yes'])
  expect(refused.code).toBe(1)
  expect(refused.said).toContain('It does not fit what the server offers: rule no-c: there is no tool c')
  expect(refused.said).toContain('The server says invalid.\n  rule no-c: there is no tool c')
})

test('rollback takes the beginning of a hash of the history', async () => {
  const history = [before, after].map(({ hash }) => ({
    hash,
    by: BOB,
    confirmedBy: null,
    act: ACT,
    at: '2026-11-29T10:00:00.000Z',
    how: 'applied' as const,
  }))
  await using server = await playOperate({
    'GET /policy': [stateWith({ history })],
    'POST /policy/preview': [preview()],
    'POST /policy/rollback': [change('in-force')],
    ...DOCUMENTS,
  })
  const done = await run(server, ['rollback', after.hash.slice(0, 8), '--reason', 'x', '--yes'])
  expect([done.code, done.out]).toEqual([0, expect.stringContaining(`In force: ${after.hash}`)])
  expect(bodyAt(server, 'POST /policy/preview')).toEqual({ hash: after.hash })
  expect(bodyAt(server, 'POST /policy/rollback')).toMatchObject({ hash: after.hash, base: before.hash })
  const unknown = await run(server, ['rollback', 'nothing-like-it', '--reason', 'x', '--yes'])
  expect([unknown.code, unknown.said]).toEqual([1, expect.stringContaining('No document of the history')])
  const short = await run(server, ['rollback', after.hash.slice(0, 5), '--reason', 'x', '--yes'])
  expect(short.said).toContain('Not exactly one')
})

test('a hash that begins with a dash is a hash', async () => {
  const hash = `-${'A'.repeat(42)}`
  await using server = await playOperate({
    'GET /policy': [stateWith({ pending: { ...pending, hash } })],
    'POST /policy/drop': [{ body: { act: ACT, outcome: 'dropped', hash, widens: [] } }],
  })
  const done = await run(server, ['drop', hash, '--reason', 'x'])
  expect([done.code, done.out]).toEqual([0, `Dropped: ${hash}. Act ${ACT}`])
})

test('confirm shows the whole change again, by whom, and only what waits', async () => {
  await using server = await playOperate({
    'GET /policy': [stateWith({ pending })],
    'POST /policy/preview': [preview()],
    'POST /policy/confirm': [change('in-force')],
    ...DOCUMENTS,
  })
  const { code, said } = await run(
    server,
    ['confirm', after.hash, '--reason', 'reviewed'],
    [after.hash.slice(0, 6)],
  )
  expect(code).toBe(0)
  expect(said).toContain(`Proposed 2026-11-29T11:00:00.000Z by ${BOB}.`)
  expect(said).toContain('- rule no-a')
  expect(said).not.toContain('Another editor must confirm it')
  expect(bodyAt(server, 'POST /policy/confirm')).toMatchObject({ hash: after.hash, reason: 'reviewed' })
  const other = await run(server, ['confirm', before.hash, '--reason', 'x', '--yes'])
  expect([other.code, other.said]).toEqual([1, expect.stringContaining(`What waits is ${after.hash}`)])
})

test('the same editor is refused with the sentence of the server, and a change that is not everywhere is not done', async () => {
  await using server = await playOperate({
    'GET /policy': [stateWith({ pending })],
    'POST /policy/preview': [preview()],
    'POST /policy/confirm': [{ denial: 'conflict', status: 409 }, change('not-everywhere')],
    ...DOCUMENTS,
  })
  const words = ['confirm', after.hash, '--reason', 'x', '--yes'] as const
  const refused = await run(server, [...words])
  expect([refused.code, refused.said]).toEqual([1, expect.stringContaining('The server says conflict.')])
  const slow = await run(server, [...words])
  expect([slow.code, slow.out]).toEqual([1, `Stored: ${after.hash}. Act ${ACT}`])
  expect(slow.said).toContain('not every copy has answered')
})

test('history prints what is in force, what waits, and editors by name', async () => {
  await using server = await playOperate({
    'GET /policy': [stateWith({ pending, carried: { name: 'default', hash: after.hash, isAdopted: false } })],
    'GET /users': [oneBob],
  })
  const { code, out } = await run(server, ['history'])
  expect(code).toBe(0)
  expect(out).toContain(`in force    ${before.hash}`)
  expect(out).toContain('was not adopted')
  expect(out).toContain('proposed 2026-11-29T11:00:00.000Z by bob')
  expect(out).toContain('  widens: Rule no-a, which denies, is gone.')
  const json = await run(server, ['history', '--format', 'json'])
  expect(JSON.parse(json.out)).toMatchObject({ inForce: before.hash, pending: { hash: after.hash } })
})

test('drift is a difference to the file, to the deployment, or to what the server offers', async () => {
  const inForce = { 'GET /policy': [stateWith()], ...DOCUMENTS }
  const fits = { 'POST /policy/preview': [preview({ hash: before.hash, widens: [] })] }
  await using same = await playOperate({ ...inForce, ...fits })
  const none = await run(same, ['drift', fileOf(before)])
  expect([none.code, none.out]).toEqual([0, expect.stringContaining('is in force')])
  const other = await run(same, ['drift', fileOf(after)])
  expect([other.code, other.out]).toEqual([1, expect.stringContaining('+ rule no-c')])
  await using gone = await playOperate({
    ...inForce,
    'POST /policy/preview': [preview({ hash: before.hash, problems: ['rule no-a: there is no tool a'] })],
  })
  const stale = await run(gone, ['drift', fileOf(before)])
  expect([stale.code, stale.out]).toEqual([
    1,
    expect.stringContaining('In force, and not what the server offers: rule no-a: there is no tool a'),
  ])
})

test.for([
  [['apply'], 'apply <file>'],
  [['apply', 'a', 'b', '--reason', 'x'], 'apply <file>'],
  [['apply', 'default'], '--reason is missing'],
  [['apply', 'default', '--reason', 'two\nlines'], '--reason: A reason is one line'],
  [['confirm', '--reason', 'x'], 'confirm <hash>'],
  [['history', 'all'], 'history'],
  [['history', '--reason', 'x'], 'It takes no --reason'],
  [['drift', '--format', 'xml'], '--format is table or json'],
  [['drift', '--force'], '--force'],
] as const)('%j is wrong use, and nothing is sent', async ([[name, ...words], sentence]) => {
  await expect(runRemote(name, words)).rejects.toThrow(sentence)
})
