import { join } from 'node:path'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptions } from 'miniflare'
import { keepKeys } from '#harness/local/keys.ts'
import { applyMigrations } from '#harness/local/migrations.ts'
import { planLocal, type Ports } from '#harness/local/plan.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { localWorkers, ROOT } from '#harness/local/workers.ts'
import { asDeployed } from '#harness/deployed-worker.ts'

/** The code of a release. */
export interface Version {
  /** Of its bundle, with the other modules beside it. */
  readonly path: string
  /** Releases before policy have no class Control, and ask nobody. */
  readonly hasControl: boolean
}

/** Which version each part of the server runs: the Worker, the users' objects, and the objects of sessions. */
export interface Versions {
  readonly edge: Version
  readonly users: Version
  readonly sessions: Version
}

const PARTS = ['edge', 'users', 'sessions'] as const

interface Place {
  readonly stateDir: string
  readonly ports: Ports
}

const controlOf = (name: keyof Versions, home: keyof Versions) => ({
  className: 'Control',
  useSQLite: true,
  ...(name === home ? {} : { scriptName: home }),
})

/**
 * Runs the MCP server with its parts at different versions, as a gradual deployment does, in one workerd on one storage.
 * PingOne and the API are another process (`startLocal`).
 */
export async function startVersions(versions: Versions, { stateDir, ports }: Place) {
  const { settings } = planLocal({}, ports, keepKeys(describeStateFolder(stateDir).keys))
  const variables = { ...settings, REGISTRATIONS_PER_DAY: '100000', API_URL: `http://localhost:${ports.api}` }
  const [mcp] = localWorkers({ settings, workers: ['mcp'] }, ports, 'two-versions')
  if (mcp === undefined) throw new Error('the plan has no MCP Worker')
  // Control and its copies are at one version, as each object is.
  const control = PARTS.find((name) => versions[name].hasControl)
  const part = (name: keyof Versions): V4WorkerOptions => {
    const { path, hasControl } = versions[name]
    const {
      serviceBindings: _api,
      unsafeDirectSockets,
      ...deployed
    } = asDeployed({ ...mcp, name, variables }, { path, bytes: 0, gzipBytes: 0, inputs: [] })
    return {
      ...deployed,
      durableObjects: {
        USER: { className: 'User', useSQLite: true, ...(name === 'users' ? {} : { scriptName: 'users' }) },
        MCP_SESSION: {
          className: 'McpSession',
          useSQLite: true,
          ...(name === 'sessions' ? {} : { scriptName: 'sessions' }),
        },
        ...(control === undefined || !hasControl ? {} : { CONTROL: controlOf(name, control) }),
      },
      ...(name === 'edge' && unsafeDirectSockets !== undefined ? { unsafeDirectSockets } : {}),
    }
  }
  const workerd = new Miniflare(
    convertV4MiniflareOptions({
      workers: PARTS.map(part),
      resourcePersistencePath: join(stateDir, 'two-versions'),
      cf: false,
      log: new Log(LogLevel.ERROR),
      handleStructuredLogs: () => {},
    }),
  )
  await workerd.ready
  await applyMigrations(await workerd.getD1Database('RECORDS', 'edge'), join(ROOT, 'migrations'))
  return { [Symbol.asyncDispose]: () => workerd.dispose() }
}
