import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Emulator } from '#harness/emulator.ts'
import {
  type FrozenFacts,
  type FrozenGrant,
  FROZEN_PORTS,
  moveClock,
  readFacts,
  unpackFrozen,
  waitingEvents,
} from '#harness/frozen-state.ts'
import { isPortTaken } from '#harness/local/ports.ts'
import { type Local, startLocal } from '#harness/local/start-local.ts'
import { tokensIn } from '#harness/oauth-client.ts'
import { callToolStateless } from '#harness/transport.ts'
import { callAs, clientOf, finishLogin } from '#harness/upgrade-steps.ts'
import { audit, openRecords, whenShipped } from '../support/local-records.ts'

/** The release that a deploy of this code replaces. */
const BEFORE = '0.2.0'

const place = new AsyncDisposableStack()
const folder = mkdtempSync(join(tmpdir(), 'mcp-upgrade-'))
place.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
const stateDir = unpackFrozen(join(import.meta.dirname, `state-${BEFORE}.tgz`), folder)
const facts: FrozenFacts = readFacts(folder)
const waitedBefore = waitingEvents(stateDir)
let local: Local
let emulator: Emulator

beforeAll(async () => {
  moveClock(stateDir, facts, Math.floor(Date.now() / 1000))
  // Another run of this test on this machine may have them.
  await vi.waitFor(requirePorts, { timeout: 60_000, interval: 500 })
  const settings = { REGISTRATIONS_PER_DAY: '100000' }
  local = place.use(await startLocal({ stateDir, ports: FROZEN_PORTS, settings }))
  emulator = new Emulator(local.emulatorOrigin ?? '')
})

afterAll(() => place.disposeAsync())

async function requirePorts(): Promise<void> {
  const ports = Object.values(FROZEN_PORTS)
  const taken = await Promise.all(ports.map(isPortTaken))
  const others = ports.filter((_port, at) => taken[at])
  if (others.length > 0)
    throw new Error(
      `The frozen tokens name ${FROZEN_PORTS.mcp}, so this test needs ports ${others.join(', ')}: taken`,
    )
}

const grantOf = (transport: 'session' | 'stateless'): FrozenGrant => {
  const found = facts.grants.find(({ session }) => (session !== null) === (transport === 'session'))
  if (found === undefined) throw new Error(`no grant of the ${transport} transport is frozen`)
  return found
}

/** How often PingOne renewed a token. */
const renewals = async (): Promise<number> => (await emulator.state()).grants['refresh_token'] ?? 0

test.each(['session', 'stateless'] as const)(
  'a client of the %s transport goes on with its tokens: calls, refreshes, and calls again',
  async (transport) => {
    const grant = grantOf(transport)
    const client = await clientOf(local.mcpUrl, grant)
    const before = await renewals()
    const listed = await callAs(client, grant, grant.accessToken, 'listTodos')
    expect([listed.status, JSON.stringify(listed.body)]).toEqual([200, expect.stringContaining(grant.todo)])
    // PingOne's own token had run out meanwhile, so the stored refresh token was opened and used.
    expect(await renewals()).toBe(before + 1)

    const { access_token: token, refresh_token: next } = tokensIn(await client.refresh(grant.refreshToken))
    expect(token).not.toBe(grant.accessToken)
    const again = await callAs(client, grant, token, 'listTodos')
    expect([again.status, JSON.stringify(again.body)]).toEqual([200, expect.stringContaining(grant.todo)])
    tokensIn(await client.refresh(next ?? ''))
  },
)

test.each([
  ['a consent page that was open during the upgrade can be sent', 'consent'],
  ['a user who was at PingOne during the upgrade comes back', 'callback'],
] as const)('%s, and the login ends with tokens', async (_what, stage) => {
  const { client, stages, tokens } = await finishLogin(local, facts.logins[stage], stage)
  expect([stages.at(0), stages.at(-1)]).toEqual([stage, 'client'])
  expect((await callToolStateless(client, tokens.access_token, 'listTodos')).status).toBe(200)
})

test('audit events that waited in users’ objects reach the audit log once, and its chains are intact', async () => {
  expect(waitedBefore.toSorted()).toEqual(facts.waiting.toSorted())
  await whenShipped(stateDir)
  using records = openRecords(stateDir)
  const count = records.prepare('SELECT count(*) AS count FROM events WHERE id = ?')
  expect(facts.waiting.map((id) => count.get(id)?.['count'])).toEqual(facts.waiting.map(() => 1))
  const verified = await audit('verify', '--state', stateDir)
  expect(verified).toMatchObject({ code: 0 })
})

test('PingOne still has every family of refresh tokens', async () => {
  const { families } = await emulator.state()
  expect(families.filter(({ alive }) => !alive)).toEqual([])
  expect(families.length).toBeGreaterThanOrEqual(facts.grants.length)
})
