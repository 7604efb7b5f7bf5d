import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Ports } from '#harness/local/plan.ts'
import { isPortTaken } from '#harness/local/ports.ts'
import { SETTING_NAMES } from '#harness/local/settings.ts'
import {
  debuggersOf,
  descendantsOf,
  listenersOf,
  type ProcessLine,
  stillRunning,
} from '#harness/processes.ts'
import { reservePorts } from '#harness/free-ports.ts'
import { runCommand } from '#harness/run-command.ts'

// With a PingOne and an API of its own, a start is one Worker: enough to see how it ends.
const ONE_WORKER = {
  PINGONE_ISSUER: 'https://auth.pingone.example/7f9a1f2e-0000-4000-8000-000000000001/as',
  PINGONE_DV_POLICY_ID: 'policy',
  MCP_SERVER_CLIENT_ID: 'client',
  MCP_SERVER_CLIENT_SECRET: 'secret$HOME',
  API_IDENTIFIER: 'https://api.example',
  API_URL: 'https://api.example',
}

/** wrangler's own pages: storage, traces, Workers and their bindings. */
const OF_WRANGLER = [
  '/cdn-cgi/explorer',
  '/cdn-cgi/local/explorer',
  '/cdn-cgi/local/explorer/api',
  '/cdn-cgi/local/explorer/api/local/workers',
  '/cdn-cgi/local/explorer/api/storage/kv/namespaces',
  '/cdn-cgi/local/explorer/api/d1/database',
]

async function makePlace() {
  await using making = new AsyncDisposableStack()
  const state = mkdtempSync(join(tmpdir(), 'mcp-start-'))
  making.defer(() => rmSync(state, { recursive: true, force: true, maxRetries: 3 }))
  const { ports } = making.use(await reservePorts())
  const place = making.move()
  return { state, ports, [Symbol.asyncDispose]: () => place.disposeAsync() }
}

const npmStart = (
  ports: Ports,
  state: string,
  settings: Record<string, string> = {},
  options: readonly string[] = [],
) =>
  runCommand('npm', ['start', '--', '--state', state, '--settings', '/dev/null', ...options], {
    // An empty value takes away what the terminal of whoever runs this has set.
    ...Object.fromEntries(SETTING_NAMES.map((name) => [name, ''])),
    ...settings,
    MCP_PORT: String(ports.mcp),
    TODO_API_PORT: String(ports.api),
    PINGONE_PORT: String(ports.pingone),
  })

const pidOf = ({ pid }: { pid?: number | undefined }): number => {
  if (pid === undefined) throw new Error('it did not start')
  return pid
}

const named = (processes: readonly ProcessLine[], pattern: RegExp): ProcessLine => {
  const found = processes.find(({ command }) => pattern.test(command))
  if (found === undefined) throw new Error(`no ${pattern} among ${JSON.stringify(processes)}`)
  return found
}

/** Processes and ports of a run that are still there after the time that an end may take. */
async function leftOf(processes: readonly ProcessLine[], ports: Ports): Promise<readonly unknown[]> {
  const endMs = performance.now() + 8_000
  for (;;) {
    const running = stillRunning(processes)
    if (running.length === 0) break
    if (performance.now() > endMs) return running
    await sleep(200)
  }
  const taken = await Promise.all(
    Object.values(ports).map(async (port) => ((await isPortTaken(port)) ? [port] : [])),
  )
  return taken.flat()
}

test('npm start brings up everything, refuses a second one, and Ctrl-C ends all of it', async () => {
  await using place = await makePlace()
  const { ports, state } = place
  await using start = npmStart(ports, state)
  await start.line(/^ready /)
  expect(start.lines.at(-1)).toBe(`ready http://localhost:${ports.mcp}/mcp`)
  expect(start.lines.join('\n')).toMatch(/Sign in as +ada, bob/)
  for (const name of ['keys.json', 'mcp.env', 'api.env', 'pingone.env']) {
    expect(statSync(join(state, name)).mode & 0o777).toBe(0o600)
  }

  await using onSamePorts = npmStart(ports, join(state, 'another'))
  expect(await onSamePorts.exit).toBe(1)
  const taken = `Ports ${ports.mcp}, ${ports.api}, ${ports.pingone} are taken.`
  expect(onSamePorts.lines.join('\n')).toContain(taken)

  await using onSameState = npmStart(ports, state)
  expect(await onSameState.exit).toBe(1)
  expect(onSameState.lines.join('\n')).toContain('is running already')

  const processes = descendantsOf(pidOf(start.child))
  expect(processes.filter(({ command }) => command.includes('workerd')).length).toBeGreaterThanOrEqual(3)
  process.kill(-pidOf(start.child), 'SIGINT')
  await start.exit
  expect(await leftOf(processes, ports)).toEqual([])
}, 90_000)

// Linux says who listens where.
describe.runIf(process.platform === 'linux')('listening sockets', () => {
  test('what npm start opens is for this machine alone, and no debugger is among it', async () => {
    await using place = await makePlace()
    await using start = npmStart(place.ports, place.state)
    await start.line(/^ready /)
    const pids = descendantsOf(pidOf(start.child)).map(({ pid }) => pid)
    const listeners = listenersOf(pids)
    expect(listeners.filter(({ isLoopback }) => !isLoopback)).toEqual([])
    const ports = listeners.map(({ port }) => port)
    expect(ports).toEqual(expect.arrayContaining(Object.values(place.ports)))
    expect(await debuggersOf(pids)).toEqual([])
    // Nor does wrangler itself show what is stored at the address of a Worker.
    for (const path of OF_WRANGLER) {
      const answer = await fetch(`http://localhost:${place.ports.mcp}${path}`)
      expect([path, answer.status]).toEqual([path, 404])
    }
  })

  test('npm start -- --inspect opens a debugger, for this machine alone, and says what it gives away', async () => {
    await using place = await makePlace()
    await using start = npmStart(place.ports, place.state, ONE_WORKER, ['--inspect'])
    await start.line(/Debugger: http:\/\/127\.0\.0\.1:\d+\/ \(any page in your browser can connect/)
    await start.line(/^ready /)
    const pids = descendantsOf(pidOf(start.child)).map(({ pid }) => pid)
    expect(await debuggersOf(pids)).not.toEqual([])
    expect(listenersOf(pids).filter(({ isLoopback }) => !isLoopback)).toEqual([])
  })
})

test('ending npm alone ends what it started', async () => {
  await using place = await makePlace()
  await using start = npmStart(place.ports, place.state, ONE_WORKER)
  await start.line(/^ready /)
  const processes = descendantsOf(pidOf(start.child))
  process.kill(pidOf(start.child), 'SIGTERM')
  await start.exit
  expect(await leftOf(processes, place.ports)).toEqual([])
}, 60_000)

test('nothing is left when the start itself is killed', async () => {
  await using place = await makePlace()
  await using start = npmStart(place.ports, place.state, ONE_WORKER)
  await start.line(/^ready /)
  const processes = descendantsOf(pidOf(start.child))
  process.kill(named(processes, /^node scripts\/start\.ts/).pid, 'SIGKILL')
  expect(await leftOf(processes, place.ports)).toEqual([])
}, 60_000)

test('a Worker that dies is named, and the others end with it', async () => {
  await using place = await makePlace()
  await using start = npmStart(place.ports, place.state, ONE_WORKER)
  await start.line(/^ready /)
  const processes = descendantsOf(pidOf(start.child))
  process.kill(-named(processes, /dev-worker\.ts/).pid, 'SIGKILL')
  expect(await start.exit).toBe(1)
  expect(start.lines.join('\n')).toContain('mcp: was ended by SIGKILL. Its last lines:')
  expect(await leftOf(processes, place.ports)).toEqual([])
}, 60_000)
