import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WorkerName } from './local/plan.ts'
import type { GivenSettings } from './local/settings.ts'
import { type Local, startLocal } from './local/start-local.ts'
import { reservePorts } from './free-ports.ts'

export interface WorldOptions {
  /** Settings of the MCP server over the local defaults; an empty value removes the default. */
  readonly settings?: GivenSettings
  readonly workers?: readonly WorkerName[]
  /** The MCP Worker's entry instead of src/index.ts. */
  readonly entry?: string
}

/** Addresses of a running system: all that most stories need. */
export interface Addresses {
  readonly origin: string
  readonly mcpUrl: string
  readonly issuer: string
  readonly emulatorOrigin: string
  readonly apiOrigin: string
  readonly stateDir: string
}

export interface World extends Local {
  readonly addresses: Addresses
}

/** The whole system on free ports with its own state, for stories that crash it or need other settings. */
export async function startWorld({ settings = {}, workers, entry }: WorldOptions = {}): Promise<World> {
  await using starting = new AsyncDisposableStack()
  const stateDir = mkdtempSync(join(tmpdir(), 'mcp-world-'))
  starting.defer(() => rmSync(stateDir, { recursive: true, force: true, maxRetries: 3 }))
  const { ports } = starting.use(await reservePorts())
  // Every story registers clients, all from this machine.
  const given = { REGISTRATIONS_PER_DAY: '100000', ...settings }
  const local = starting.use(
    await startLocal({
      stateDir,
      ports,
      settings: given,
      ...(workers === undefined ? {} : { workers }),
      ...(entry === undefined ? {} : { entry }),
    }),
  )
  const everything = starting.move()
  const stop = () => everything.disposeAsync()
  const { origin, mcpUrl, issuer, emulatorOrigin = '', apiOrigin = '' } = local
  return {
    ...local,
    addresses: { origin, mcpUrl, issuer, emulatorOrigin, apiOrigin, stateDir },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
