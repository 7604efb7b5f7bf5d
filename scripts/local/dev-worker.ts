/**
 * Runs one Worker until it is ended, in a process of its own: `node dev-worker.ts <JSON of a DevWorker>`. The command
 * `wrangler dev` always opens two debuggers, and any page in the browser can connect to one and read the memory of the
 * Worker, keys included; what the command itself is built on can leave them out.
 */
import { unstable_startWorker } from 'wrangler'

export interface DevWorker {
  readonly config: string
  readonly envFile: string
  readonly port: number
  readonly persist: string
  readonly registry: string
  /** Where people reach it, if that is through a tunnel. */
  readonly shownAs?: string
  /** Open a debugger for it. */
  readonly isInspected: boolean
}

async function run(worker: DevWorker): Promise<void> {
  const { config, envFile, port, persist, registry, shownAs, isInspected } = worker
  const tunnel = shownAs === undefined ? undefined : new URL(shownAs)
  const { inspectorUrl } = await unstable_startWorker({
    config,
    envFiles: [envFile],
    dev: {
      remote: false,
      // Every address that this machine calls localhost: 127.0.0.1, ::1 or both. With one of them fixed,
      // `http://localhost` fails in Node wherever the name means the other.
      server: { hostname: 'localhost', port },
      inspector: isInspected ? { hostname: '127.0.0.1' } : false,
      // A folder each: two runtimes that open the same database files at once fail with SQLITE_BUSY now and then.
      persist,
      registry,
      // Behind a tunnel the Worker sees the address that people use, as it would in a deployment.
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
