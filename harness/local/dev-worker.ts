/**
 * Runs one Worker in its own process until it is stopped: `node dev-worker.ts <JSON of a DevWorker>`. The command
 * `wrangler dev` always opens two debuggers. Any page in the browser can connect to one and read the Worker's memory,
 * keys included. The API below that command can leave the debuggers out.
 */
import { unstable_startWorker } from 'wrangler'
import { migrateLocally } from './migrations.ts'

export interface DevWorker {
  readonly config: string
  /** Instead of `main` of the configuration. */
  readonly entrypoint?: string
  /** The Worker bound as API, instead of the one that the configuration names. */
  readonly api?: string
  readonly envFile: string
  readonly port: number
  readonly persist: string
  readonly registry: string
  /** The public address, if the Worker is reached through a tunnel. */
  readonly shownAs?: string
  /** Open a debugger for it. */
  readonly isInspected: boolean
}

async function run(worker: DevWorker): Promise<void> {
  const { config, entrypoint, api, envFile, port, persist, registry, shownAs, isInspected } = worker
  const tunnel = shownAs === undefined ? undefined : new URL(shownAs)
  await migrateLocally(config, persist)
  const { inspectorUrl } = await unstable_startWorker({
    config,
    ...(entrypoint === undefined ? {} : { entrypoint }),
    ...(api === undefined ? {} : { bindings: { API: { type: 'service', service: api } } }),
    envFiles: [envFile],
    dev: {
      remote: false,
      // Every address that this machine calls localhost: 127.0.0.1, ::1 or both. With one of them fixed,
      // `http://localhost` fails in Node wherever the name means the other.
      server: { hostname: 'localhost', port },
      inspector: isInspected ? { hostname: '127.0.0.1' } : false,
      // One folder each: two runtimes with the same database files sometimes fail with SQLITE_BUSY.
      persist,
      registry,
      // Behind a tunnel the Worker sees the address that users use, as it would in a deployment.
      ...(tunnel === undefined
        ? {}
        : { origin: { hostname: tunnel.host, secure: tunnel.protocol === 'https:' } }),
    },
  })
  if (isInspected) {
    const { href = 'none' } = (await inspectorUrl) ?? {}
    console.log(`Debugger: ${href} (any page in your browser can connect to it and read keys and tokens)`)
  }
}

const [, , described] = process.argv
if (import.meta.main && described !== undefined) await run(JSON.parse(described))
