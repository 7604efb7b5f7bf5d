import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { reservePorts } from '#harness/free-ports.ts'
import { asDeployed, makeBundle, type WorkerDescription } from '#harness/deployed-worker.ts'
import { keepKeys } from '#harness/local/keys.ts'
import { planLocal } from '#harness/local/plan.ts'
import { applyMigrations } from '#harness/local/migrations.ts'
import { localWorkers, ROOT } from '#harness/local/workers.ts'

export const ENTRY = 'test/conformance/worker/index.ts'

export interface System extends AsyncDisposable {
  readonly origin: string
  /** A port without a listener, for the suite's own callback. */
  readonly freePort: number
}

/** The product's configuration with the suite's fixtures as extra tools; the Todo API and the emulator unchanged. */
export async function startSystem(folder: string, entry: string = ENTRY): Promise<System> {
  await using starting = new AsyncDisposableStack()
  const { ports } = starting.use(await reservePorts())
  const { ports: more } = starting.use(await reservePorts())
  // The suite sends requests as fast as it gets answers.
  const given = { REQUESTS_PER_MINUTE: '100000' }
  const plan = planLocal(given, ports, keepKeys(join(folder, 'keys.json')))
  const described: readonly WorkerDescription[] = localWorkers(plan, ports, randomUUID()).map((worker) =>
    worker.name === 'mcp' ? { ...worker, entry } : worker,
  )
  const workers = await Promise.all(
    described.map(async (worker) =>
      asDeployed(worker, await makeBundle(worker.config, join(folder, worker.name), worker.entry)),
    ),
  )
  const workerd = new Miniflare(
    convertV4MiniflareOptions({
      workers,
      resourcePersistencePath: join(folder, 'state'),
      cf: false,
      log: new Log(LogLevel.ERROR),
      handleStructuredLogs: () => {},
    }),
  )
  starting.defer(() => workerd.dispose())
  await workerd.ready
  await applyMigrations(await workerd.getD1Database('RECORDS', 'mcp'), join(ROOT, 'migrations'))
  const everything = starting.move()
  return {
    origin: `http://localhost:${ports.mcp}`,
    freePort: more.mcp,
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  }
}
