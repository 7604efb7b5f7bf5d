import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GivenSettings } from '../../scripts/local/settings.ts'
import { type Local, startLocal } from '../../scripts/local/start-local.ts'
import { describeStateFolder } from '../../scripts/local/state-folder.ts'
import { reservePorts } from './free-ports.ts'
import type { Addresses } from './world.ts'

/** A system whose operator changes settings: PingOne and the API go on, the MCP server starts anew on its state. */
export interface ChangingWorld extends AsyncDisposable {
  readonly addresses: Addresses
  readonly folder: ReturnType<typeof describeStateFolder>
  /** All that the MCP server said, under whichever settings. */
  readonly log: readonly string[]
  /** As a deploy: these settings, on top of those that last. */
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
      workers: ['pingone', 'todo-api'],
    }),
  )
  const { emulatorOrigin = '', todoOrigin = '' } = others
  const stateDir = join(folder, 'server')
  let server: Local | undefined
  const log: string[] = []
  const deploy = async (settings: GivenSettings) => {
    await server?.stop()
    // Another start, so the API is reached by its address.
    const all = { ...lasting, API_URL: todoOrigin, ...settings }
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
      todoOrigin,
      stateDir,
    },
    folder: describeStateFolder(stateDir),
    log,
    deploy,
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  }
}
