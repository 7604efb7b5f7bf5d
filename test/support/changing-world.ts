import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GivenSettings } from '#harness/local/settings.ts'
import { type Local, startLocal } from '#harness/local/start-local.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { reservePorts } from '#harness/free-ports.ts'
import type { Addresses } from '#harness/world.ts'

/** A system whose settings change: PingOne and the API keep running, the MCP server restarts on its state. */
export interface ChangingWorld extends AsyncDisposable {
  readonly addresses: Addresses
  readonly folder: ReturnType<typeof describeStateFolder>
  /** All output of the MCP server, under any settings. */
  readonly log: readonly string[]
  /** Restarts with these settings on top of the base settings, as a deploy does. */
  deploy(settings: GivenSettings): Promise<void>
}

export async function startChangingWorld(
  lasting: GivenSettings,
  first: GivenSettings,
): Promise<ChangingWorld> {
  await using starting = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'mcp-changing-'))
  starting.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  const { ports } = starting.use(await reservePorts())
  const others = starting.use(
    await startLocal({
      stateDir: join(folder, 'others'),
      ports,
      settings: lasting,
      workers: ['pingone', 'api'],
    }),
  )
  const { emulatorOrigin = '', apiOrigin = '' } = others
  const stateDir = join(folder, 'server')
  let server: Local | undefined
  const log: string[] = []
  const deploy = async (settings: GivenSettings) => {
    await server?.stop()
    // The API runs in another process, so it is called by URL.
    const all = { ...lasting, API_URL: apiOrigin, ...settings }
    server = await startLocal({
      stateDir,
      ports,
      settings: all,
      workers: ['mcp'],
      onLine: (_name, line) => log.push(line),
    })
  }
  starting.defer(async () => server?.stop())
  await deploy(first)
  const everything = starting.move()
  const origin = `http://localhost:${ports.mcp}`
  return {
    addresses: {
      origin,
      mcpUrl: `${origin}/mcp`,
      issuer: others.issuer,
      emulatorOrigin,
      apiOrigin,
      stateDir,
    },
    folder: describeStateFolder(stateDir),
    log,
    deploy,
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  }
}
