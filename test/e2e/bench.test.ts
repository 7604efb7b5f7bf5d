import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { judge } from '../../scripts/bench/aims.ts'
import { measureLatency, ratiosOf } from '../../scripts/bench/measure.ts'
import { signInEverywhere } from '../../scripts/bench/logins.ts'
import { readPeer, startPeer } from '../../scripts/bench/peer.ts'
import { renderReport } from '../../scripts/bench/report.ts'
import { closeConnections, exchange, send } from '../../scripts/bench/requests.ts'
import { type Figures, noFigures, runBench } from '../../scripts/bench/run.ts'
import { type Servers, startServers, STATE_FOLDER } from '../../scripts/bench/servers.ts'
import { measureLimits } from '../../scripts/limits/measure-limits.ts'
import { objectFiles } from '../../scripts/limits/stored.ts'
import { renderLimits } from '../../scripts/limits/render-limits.ts'
import { reservePorts } from '#harness/free-ports.ts'
import { debuggersOf, descendantsOf } from '#harness/processes.ts'

const EFFORT = {
  warmUp: 0,
  rounds: 2,
  perRound: 2,
  throughputRounds: 1,
  throughputMs: 50,
  users: 20,
  usersRounds: 1,
  idleMs: 0,
  stormRounds: 1,
  stormMs: 50,
  ends: 2,
}
const PAGE_BYTES = 4096

const peer = readPeer('test/support/bench-peer-worker')
const folder = mkdtempSync(join(tmpdir(), 'mcp-bench-'))
const { signal } = new AbortController()
let servers: Servers
const figures = noFigures('disk')
beforeAll(async () => {
  servers = await startServers(folder, { peer })
  await runBench(servers, EFFORT, signal, figures, peer)
  figures.startupMs = 1
}, 240_000)
afterAll(async () => {
  closeConnections()
  await servers[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
})

test('a bench of few requests has every figure, and asks PingOne as seldom as it should', () => {
  expect(figures.logins).toMatchObject({
    first: { discovery: 1, jwks: 1, token: 1 },
    next: { token: 1 },
  })
  expect(figures.calls).toEqual({ pingone: {}, made: 40 })
  expect(figures.latency.sessionCall?.samples).toBe(4)
  expect(renderReport(figures, judge(figures))).not.toMatch(/NaN|Infinity|undefined/)
})

test('both transports are compared with the floor Worker, the bare Worker and a peer, in the same rounds', () => {
  const { latency, throughput } = figures
  const compared = ratiosOf(latency, throughput).flatMap(({ name, base, rate }) =>
    rate === undefined ? [] : [`${name}/${base}`],
  )
  expect(compared).toEqual([
    'statelessCall/floorStateless',
    'sessionCall/floorSession',
    'statelessCall/bareCall',
    'sessionCall/bareCall',
    'statelessCall/peer',
    'sessionCall/peer',
  ])
  expect(latency.peer?.rounds).toHaveLength(EFFORT.rounds)
  expect(renderReport(figures, [])).toMatch(/stateless transport: listTodos \/ tiny Worker/)
  expect(renderReport(figures, [])).toMatch(/One read of the local KV simulator takes -?[\d.]+ ms/)
})

test('a peer may be a process of its own, and may sign in at the emulator', async () => {
  await using ports = await reservePorts()
  const at = { ...servers, peerPort: ports.ports.mcp }
  const withCommand = { ...readPeer('test/support/bench-peer'), expects: '"todos"' }
  await using running = await startPeer(withCommand, at, await signInEverywhere(servers), signal)
  expect(await send(running.request)).toBeGreaterThan(0)

  const { PINGONE_ISSUER = '', MCP_SERVER_CLIENT_ID = '' } = servers.settings
  const redirectUri = `http://localhost:${servers.peerPort}/signed-in`
  const refused = new URLSearchParams({
    client_id: MCP_SERVER_CLIENT_ID,
    redirect_uri: redirectUri,
    response_type: 'unknown',
  })
  const answer = await fetch(`${PINGONE_ISSUER}/authorize?${refused.toString()}`, { redirect: 'manual' })
  // A redirect URI that is not registered gets a page instead (RFC 6749 §4.1.2.1).
  expect(answer.headers.get('location')).toContain(`${redirectUri}?error=`)
})

test('a run that is cut keeps the rounds that were completed', async () => {
  const cut = new AbortController()
  const idle = {
    origin: servers.floorOrigin,
    path: '/idle',
    method: 'GET',
    headers: {},
    expects: 'done',
  } as const
  const partial = noFigures('memory')
  const measuring = measureLatency({ api: idle, idle }, EFFORT, cut.signal, (latency) => {
    partial.latency = latency
    cut.abort()
  })
  await expect(measuring).rejects.toThrow('aborted')
  expect(partial.latency.api?.rounds).toHaveLength(1)
  for (const some of [partial, noFigures('memory')]) {
    expect(renderReport(some, judge(some))).not.toMatch(/NaN|Infinity|undefined/)
  }
})

test('no call succeeds that began after the end of its grant was told, on either transport', () => {
  // Three calls on each transport.
  expect(figures.ends?.revoked).toMatchObject({ grants: 2, callsAfter: 12, succeededAfter: 0 })
  expect(figures.ends?.pingone).toMatchObject({ grants: 2, callsAfter: 4, succeededAfter: 0 })
})

test('times are not judged when what they are compared with is unsteady; a call after the end always is', () => {
  const { latency, manyUsers, ends } = figures
  if (latency.api === undefined || manyUsers === undefined || ends === undefined)
    throw new Error('not everything was measured')
  const steady = { ...latency, api: { ...latency.api, rounds: [1, 1.1] } }
  const given = (fewRounds: readonly number[], succeededAfter: number): Figures => ({
    ...figures,
    latency: steady,
    manyUsers: { ...manyUsers, fewRounds, ratio: 1.3 },
    ends: { ...ends, revoked: { ...ends.revoked, succeededAfter } },
  })
  const verdicts = (of: Figures, aim: RegExp) =>
    judge(of).flatMap((judged) => (aim.test(judged.aim) ? [judged.verdict] : []))
  expect(verdicts(given([1, 1.1], 0), /^listTodos of 20 users/)).toEqual(['missed'])
  expect(verdicts(given([1, 1.3], 0), /^listTodos of 20 users/)).toEqual(['loaded machine'])
  expect(verdicts(given([1, 1.3], 0), /^no call succeeds/)).toEqual(['holds'])
  expect(verdicts(given([1, 1.3], 1), /^no call succeeds/)).toEqual(['missed'])
})

test('of many users each has an object of their own, in one Worker; the few are in another', () => {
  const objectsOf = (name: string) => objectFiles(join(folder, STATE_FOLDER, 'do', `${name}-User`))
  expect(objectsOf('many')).toHaveLength(EFFORT.users)
  expect(objectsOf('few').length).toBeGreaterThan(0)
})

test('grants without a login are given by the Worker of the bench, and not by the product', async () => {
  const asked = { path: '/bench/grants', method: 'POST', headers: {}, body: '{}' } as const
  const [product, seeded] = await Promise.all([
    exchange({ ...asked, origin: servers.origin }),
    exchange({ ...asked, origin: servers.seeded.few }),
  ])
  expect(product.status).toBe(404)
  expect(seeded.status).toBe(500)
  expect(servers.bundles.mcp.inputs.filter((file) => file.includes('bench/'))).toEqual([])
})

test('the workerd of a bench opens no debugger', async () => {
  const pids = descendantsOf(process.pid).map(({ pid }) => pid)
  expect(pids.length).toBeGreaterThan(0)
  expect(await debuggersOf(pids)).toEqual([])
})

test('what is stored is measured by whole files: more grants take more, and an ended one keeps its record alone', async () => {
  const amounts = { users: 2, grants: [1, 3], refreshes: 2, calls: 2, sessions: 2 }
  const limits = await measureLimits(servers, join(folder, STATE_FOLDER), amounts, signal)
  const [one, three] = limits.byGrants
  expect(one?.fileBytes).toBeGreaterThan(one?.rowBytes ?? 0)
  expect((one?.fileBytes ?? 1) % PAGE_BYTES).toBe(0)
  expect(three?.rowBytes).toBeGreaterThan(one?.rowBytes ?? 0)
  expect(limits.inSession.rowBytes).toBeGreaterThan(one?.rowBytes ?? 0)
  expect(limits.ended.rowBytes).toBeLessThan((one?.rowBytes ?? 0) / 2)
  expect(renderLimits(limits)).not.toMatch(/NaN|Infinity|undefined/)
}, 60_000)
