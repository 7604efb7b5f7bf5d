import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GivenSettings } from '#harness/local/settings.ts'
import { startLocal } from '#harness/local/start-local.ts'
import { reservePorts } from '#harness/free-ports.ts'
import { type ProxyOptions, type RecordingProxy, startRecordingProxy } from './recording-proxy.ts'
import type { Addresses } from '#harness/world.ts'

type WatchOptions = Pick<ProxyOptions, 'instead' | 'extra'>

export interface WatchedWorld extends AsyncDisposable {
  readonly addresses: Addresses
  readonly mcp: RecordingProxy
  readonly pingone: RecordingProxy
  readonly todoApi: RecordingProxy
}

/**
 * The whole system with a recording proxy on every connection: between clients and the MCP server, between it and
 * PingOne, and between it and the Todo API, which it therefore calls by URL.
 */
export async function startWatchedWorld(
  watching: { pingone?: WatchOptions; todoApi?: WatchOptions; settings?: GivenSettings; entry?: string } = {},
): Promise<WatchedWorld> {
  await using starting = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'mcp-watched-'))
  starting.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  const { ports } = starting.use(await reservePorts())
  const { ports: behind } = starting.use(await reservePorts())
  const apiOrigin = `http://localhost:${ports.api}`
  const watch = async (name: keyof typeof ports, how: WatchOptions = {}) =>
    starting.use(await startRecordingProxy({ port: ports[name], targetPort: behind[name], ...how }))
  const mcp = await watch('mcp')
  const pingone = await watch('pingone', watching.pingone)
  const todoApi = await watch('api', watching.todoApi)
  const stateDir = join(folder, 'server')
  const server = await startLocal({
    stateDir,
    ports,
    behind,
    settings: { API_URL: apiOrigin, ...watching.settings },
    ...(watching.entry === undefined ? {} : { entry: watching.entry }),
  })
  starting.use(server)
  // With a URL, a start treats the API as external, so another start runs it.
  starting.use(await startLocal({ stateDir: join(folder, 'api'), ports, behind, workers: ['api'] }))
  const everything = starting.move()
  const { origin, mcpUrl, issuer, emulatorOrigin = '' } = server
  return {
    addresses: { origin, mcpUrl, issuer, emulatorOrigin, apiOrigin, stateDir },
    mcp,
    pingone,
    todoApi,
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  }
}
