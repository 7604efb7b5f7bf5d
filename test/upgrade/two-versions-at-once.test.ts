import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Emulator } from '#harness/emulator.ts'
import { reservePorts } from '#harness/free-ports.ts'
import type { FrozenGrant } from '#harness/frozen-state.ts'
import { unpackWorker } from '#harness/frozen-worker.ts'
import { type Local, startLocal } from '#harness/local/start-local.ts'
import { callMessage } from '#harness/messages.ts'
import { tokensIn } from '#harness/oauth-client.ts'
import { storyContext } from '#harness/story.ts'
import { addTodo, beginLogin, callAs, clientOf, finishLogin, openGrant } from '#harness/upgrade-steps.ts'
import { makeBundle } from '#harness/deployed-worker.ts'
import { startVersions, type Version, type Versions } from '../support/two-versions.ts'

// A gradual deployment: the Worker of one version calls objects of the other one, on one storage.

const BEFORE = '0.2.0'
/** What an error of the platform or of zod would show. */
const INTERNALS = /Later|implement|TypeError|Zod|queued|invalid_union|\bat \//

const place = new AsyncDisposableStack()
const folder = mkdtempSync(join(tmpdir(), 'mcp-versions-'))
place.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
const stateDir = join(folder, 'state')
/** `later`: this code, with more fields, arguments and RPCs (test/support/later-worker). */
type VersionName = 'before' | 'now' | 'later'
let versionOf: Readonly<Record<VersionName, Version>>

let outside: Local
let ports: Awaited<ReturnType<typeof reservePorts>>['ports']

beforeAll(async () => {
  ports = place.use(await reservePorts()).ports
  mkdirSync(join(folder, 'before'))
  const before = join(folder, 'before/index.js')
  unpackWorker(join(import.meta.dirname, `worker-${BEFORE}.js.br`), before)
  const now = await makeBundle('wrangler.jsonc', join(folder, 'now'))
  const entry = 'test/support/later-worker/index.ts'
  const later = await makeBundle('wrangler.jsonc', join(folder, 'later'), entry)
  versionOf = {
    before: { path: before, hasControl: false },
    now: { path: now.path, hasControl: true },
    later: { path: later.path, hasControl: true },
  }
  outside = place.use(await startLocal({ stateDir, ports, workers: ['pingone', 'api'] }))
})

afterAll(() => place.disposeAsync())

const start = ({ edge, users, sessions }: Readonly<Record<keyof Versions, VersionName>>) =>
  startVersions(
    { edge: versionOf[edge], users: versionOf[users], sessions: versionOf[sessions] },
    { stateDir, ports },
  )

const story = () => {
  const { origin, mcpUrl, issuer, emulatorOrigin = '', apiOrigin = '' } = outside
  return storyContext({ origin, mcpUrl, issuer, emulatorOrigin, apiOrigin, stateDir })
}

const list = async (grant: FrozenGrant) =>
  callAs(await clientOf(outside.mcpUrl, grant), grant, grant.accessToken, 'listTodos')

async function useAgain(grant: FrozenGrant): Promise<void> {
  const { status, body } = await list(grant)
  expect([status, JSON.stringify(body)]).toEqual([200, expect.stringContaining(grant.todo)])
  const client = await clientOf(outside.mcpUrl, grant)
  const { access_token, refresh_token = '' } = tokensIn(await client.refresh(grant.refreshToken))
  grant.accessToken = access_token
  grant.refreshToken = refresh_token
  expect((await list(grant)).status).toBe(200)
}

/** Grants of all versions so far, which each version uses. */
const grants: FrozenGrant[] = []

test.each([
  { edge: 'now', users: 'before', sessions: 'before' },
  { edge: 'before', users: 'now', sessions: 'now' },
  { edge: 'before', users: 'now', sessions: 'before' },
  { edge: 'later', users: 'now', sessions: 'now' },
  { edge: 'now', users: 'later', sessions: 'now' },
  { edge: 'later', users: 'before', sessions: 'later' },
] as const)(
  'a Worker of $edge with users’ objects of $users and sessions of $sessions serves old and new grants',
  async (versions) => {
    await using _server = await start(versions)
    for (const grant of grants) await useAgain(grant)
    for (const transport of ['session', 'stateless'] as const) {
      const grant = await openGrant(story(), transport)
      await addTodo(await clientOf(outside.mcpUrl, grant), grant)
      await useAgain(grant)
      grants.push(grant)
    }
    for (const stage of ['consent', 'callback'] as const)
      expect((await finishLogin(outside, await beginLogin(story(), stage), stage)).stages.at(-1)).toBe(
        'client',
      )
    const { families } = await new Emulator(outside.emulatorOrigin ?? '').state()
    expect(families.filter(({ alive }) => !alive)).toEqual([])
  },
)

test('a session and a grant that were ended under one version are over under the other', async () => {
  const grant = await (async () => {
    await using _server = await start({ edge: 'now', users: 'now', sessions: 'now' })
    const opened = await openGrant(story(), 'session')
    await (await clientOf(outside.mcpUrl, opened)).revoke(opened.refreshToken)
    return opened
  })()
  await using _server = await start({ edge: 'before', users: 'now', sessions: 'before' })
  expect((await list(grant)).status).toBe(401)
})

test('a Worker that calls an RPC its users’ objects do not have yet answers 503, and nobody is signed out', async () => {
  await using _server = await start({ edge: 'later', users: 'before', sessions: 'before' })
  for (const grant of grants.slice(0, 2)) {
    const message = callMessage('listTodos')
    const authorization = `Bearer ${grant.accessToken}`
    const session = grant.session === null ? {} : { 'mcp-session-id': grant.session }
    const client = await clientOf(outside.mcpUrl, grant)
    const { status, headers, body } = await client.mcp(message, {
      authorization,
      ...session,
      'x-later-rpc': 'enter',
    })
    expect([status, headers.get('retry-after'), body]).toEqual([503, '5', expect.anything()])
    expect(JSON.stringify(body)).not.toMatch(INTERNALS)
    const refresh = {
      grant_type: 'refresh_token',
      refresh_token: grant.refreshToken,
      client_id: grant.clientId,
    }
    const refused = await fetch(`${outside.origin}/token`, {
      method: 'POST',
      headers: { 'x-later-rpc': 'snapshot' },
      body: new URLSearchParams(refresh),
    })
    const text = await refused.text()
    expect([refused.status, text]).toEqual([503, expect.stringContaining('temporarily_unavailable')])
    expect(text).not.toMatch(INTERNALS)
    await useAgain(grant)
  }
})

test.each([
  ['a verdict of a call that it does not know', 'deleteTodo'],
  ['an answer without a field that it needs', 'updateTodo'],
])('a Worker that gets %s answers 503, runs nothing, and signs nobody out', async (_what, tool) => {
  await using _server = await start({ edge: 'now', users: 'later', sessions: 'now' })
  for (const grant of grants.slice(0, 2)) {
    const client = await clientOf(outside.mcpUrl, grant)
    const input = { id: 'any', ...(tool === 'updateTodo' ? { completed: true } : {}) }
    const { status, headers, body } = await callAs(client, grant, grant.accessToken, tool, input)
    expect([status, headers.get('retry-after'), body]).toEqual([503, '5', expect.anything()])
    expect(JSON.stringify(body)).not.toMatch(INTERNALS)
    await useAgain(grant)
  }
})
