import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { Emulator } from '#harness/emulator.ts'
import { reservePorts } from '#harness/free-ports.ts'
import { type FrozenGrant, type FrozenLogin, waitingEvents } from '#harness/frozen-state.ts'
import { unpackWorker } from '#harness/frozen-worker.ts'
import { type Local, startLocal } from '#harness/local/start-local.ts'
import { tokensIn } from '#harness/oauth-client.ts'
import { Operator } from '#harness/operator.ts'
import { storyContext } from '#harness/story.ts'
import { openSession } from '#harness/transport.ts'
import { addTodo, beginLogin, callAs, clientOf, finishLogin, openGrant } from '#harness/upgrade-steps.ts'
import { grace } from '#harness/users.ts'
import { audit, openRecords, whenShipped } from '../support/local-records.ts'
import { widenTables } from '../support/newer-tables.ts'
import { perform } from '../support/operate.ts'

// Two versions take turns on one state folder: the release before, this code, the release before again (a rollback), this code.

/** The release whose code runs before and after this one (`scripts/freeze-state.ts`). */
const BEFORE = '0.2.0'
/** A token that has a minute left at a call is renewed first, so the first call after a switch renews. */
const DOWNSTREAM_SECONDS = 62

type Version = 'the release before' | 'this code'

const place = new AsyncDisposableStack()
const folder = mkdtempSync(join(tmpdir(), 'mcp-rollback-'))
place.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
const stateDir = join(folder, 'state')
unpackWorker(join(import.meta.dirname, `worker-${BEFORE}.js.br`), join(folder, 'worker.js'))
const before = join(folder, 'before.js')
// That release has no Control, and what is deployed after the migration v2 must (docs/operate/roll-back.md).
writeFileSync(
  before,
  `import { DurableObject } from 'cloudflare:workers'
export * from './worker.js'
export { default } from './worker.js'
export class Control extends DurableObject {}
`,
)
let ports: Awaited<ReturnType<typeof reservePorts>>['ports']
let local: Local | undefined
/** Events that waited at any switch. */
const waited = new Set<string>()

beforeAll(async () => {
  ports = place.use(await reservePorts()).ports
})

afterAll(async () => {
  await local?.stop()
  await place.disposeAsync()
})

/** Starts the server again with the code of a version, after a crash of the other one. */
async function switchTo(version: Version, between?: () => void): Promise<Local> {
  await local?.kill9('mcp')
  await local?.stop()
  if (local !== undefined) for (const id of waitingEvents(stateDir)) waited.add(id)
  between?.()
  const settings = { REGISTRATIONS_PER_DAY: '100000' }
  const entry = version === 'this code' ? {} : { entry: before }
  local = await startLocal({ stateDir, ports, settings, ...entry })
  return local
}

interface Begun {
  grants: FrozenGrant[]
  logins: { consent: FrozenLogin; callback: FrozenLogin }
}

/** Leaves grants, a session, logins at two pages, and calls whose events wait. */
async function begin(server: Local): Promise<Begun> {
  const { origin, mcpUrl, issuer, emulatorOrigin = '', apiOrigin = '' } = server
  const story = storyContext({ origin, mcpUrl, issuer, emulatorOrigin, apiOrigin, stateDir })
  const emulator = new Emulator(emulatorOrigin)
  await emulator.set({ accessTokenSeconds: DOWNSTREAM_SECONDS })
  const grants = [await openGrant(story, 'session'), await openGrant(story, 'stateless')]
  const logins = {
    consent: await beginLogin(story, 'consent'),
    callback: await beginLogin(story, 'callback'),
  }
  for (const grant of grants) await addTodo(await clientOf(mcpUrl, grant), grant)
  await emulator.set({ accessTokenSeconds: null })
  return { grants, logins }
}

/** Uses all of it under the other version. */
async function goOn(server: Local, { grants, logins }: Begun): Promise<void> {
  for (const grant of grants) await useAgain(server, grant)
  for (const stage of ['consent', 'callback'] as const) {
    const { client, stages, tokens } = await finishLogin(server, logins[stage], stage)
    expect([stages.at(0), stages.at(-1)]).toEqual([stage, 'client'])
    expect((await callAs(client, { session: null }, tokens.access_token, 'listTodos')).status).toBe(200)
  }
}

/** Calls in the open session, refreshes, calls again; the program keeps its new tokens. */
async function useAgain({ mcpUrl }: Local, grant: FrozenGrant): Promise<void> {
  const client = await clientOf(mcpUrl, grant)
  const list = async () => {
    const { status, body } = await callAs(client, grant, grant.accessToken, 'listTodos')
    expect([status, JSON.stringify(body)]).toEqual([200, expect.stringContaining(grant.todo)])
  }
  await list()
  const { access_token, refresh_token = '' } = tokensIn(await client.refresh(grant.refreshToken))
  grant.accessToken = access_token
  grant.refreshToken = refresh_token
  await list()
}

const RejectedEvent = z.looseObject({ id: z.string(), type: z.string() })
const readRejected = ({ body }: Record<string, unknown>) => RejectedEvent.parse(JSON.parse(String(body)))

let first: Begun
let second: Begun
let third: Begun
let blocked: FrozenGrant

test('what begins under the release before goes on under this code', async () => {
  first = await begin(await switchTo('the release before'))
  expect(waitingEvents(stateDir).length).toBeGreaterThan(0)
  await goOn(await switchTo('this code'), first)
})

test('what begins under this code goes on after a rollback, on tables that only later code knows', async () => {
  const server = local ?? (await switchTo('this code'))
  second = await begin(server)
  const { origin, mcpUrl, issuer, emulatorOrigin = '', apiOrigin = '' } = server
  const story = storyContext({ origin, mcpUrl, issuer, emulatorOrigin, apiOrigin, stateDir })
  blocked = await openGrant(story, 'stateless')
  await whenShipped(stateDir)
  const operator = await Operator.signIn(origin, grace)
  await perform(operator, { operation: 'block-client', client: blocked.clientId })
  for (const grant of second.grants) await addTodo(await clientOf(mcpUrl, grant), grant)

  let widened = 0
  const rolledBack = await switchTo('the release before', () => {
    widened = widenTables(stateDir)
  })
  expect(widened).toBeGreaterThan(6)
  await goOn(rolledBack, second)
  for (const grant of first.grants) await useAgain(rolledBack, grant)
  const client = await clientOf(mcpUrl, blocked)
  expect((await callAs(client, blocked, blocked.accessToken, 'listTodos')).status).toBe(401)
  expect((await operator.get('/cutoffs')).status).toBe(200)
})

test('what begins after the rollback goes on under this code, and a session of it can be opened again', async () => {
  const server = local ?? (await switchTo('the release before'))
  third = await begin(server)
  const again = await switchTo('this code')
  await goOn(again, third)
  for (const grant of [...first.grants, ...second.grants]) await useAgain(again, grant)
  for (const grant of third.grants) {
    const client = await clientOf(again.mcpUrl, grant)
    expect(await openSession(client, grant.accessToken)).not.toBe('')
  }
  const late = await callAs(await clientOf(again.mcpUrl, blocked), blocked, blocked.accessToken, 'listTodos')
  expect(late.status).toBe(401)
})

test('events that waited at any switch reach the audit log once, or its table of rejected ones, and its chains are intact', async () => {
  await whenShipped(stateDir)
  expect(waited.size).toBeGreaterThan(3)
  using records = openRecords(stateDir)
  const count = records.prepare('SELECT count(*) AS count FROM events WHERE id = ?')
  const rejected = records.prepare('SELECT body FROM rejected_events').all().map(readRejected)
  // The release before has no such role (docs/operate/roll-back.md).
  for (const event of rejected)
    expect(event).toMatchObject({
      type: 'operator.signed-in',
      roles: expect.arrayContaining(['policy-editor']),
    })
  const shipped = [...waited].filter((id) => !rejected.some((event) => event.id === id))
  expect(shipped.map((id) => count.get(id)?.['count'])).toEqual(shipped.map(() => 1))
  expect(await audit('verify', '--state', stateDir)).toMatchObject({ code: 0 })
})

test('PingOne ended no family of refresh tokens but that of the blocked client', async () => {
  const { families } = await new Emulator(local?.emulatorOrigin ?? '').state()
  const ended = families.flatMap(({ alive, username }) => (alive ? [] : [username]))
  // An operator's sign-in keeps no token of PingOne.
  expect(ended.filter((username) => username !== grace.username)).toEqual([blocked.user.username])
})
