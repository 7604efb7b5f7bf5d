import { randomUUID } from 'node:crypto'
import { copyFileSync, globSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { asDeployed, type Bundle, makeBundle, type WorkerDescription } from '#harness/deployed-worker.ts'
import { reservePorts } from '#harness/free-ports.ts'
import { keepKeys } from '#harness/local/keys.ts'
import { planLocal } from '#harness/local/plan.ts'
import type { Settings } from '#harness/local/settings.ts'
import { applyMigrations } from '#harness/local/migrations.ts'
import { localWorkers, ROOT } from '#harness/local/workers.ts'
import { chosen, entryFor } from '#harness/local/chosen-product.ts'
import { type Peer, peerWorkerOf, redirectUriOf } from './peer.ts'

export interface Servers extends AsyncDisposable {
  readonly origin: string
  readonly bareOrigin: string
  readonly floorOrigin: string
  readonly todoOrigin: string
  readonly emulatorOrigin: string
  /** Two copies of the product with a route that gives grants (bench/seeded/), each with its own users. */
  readonly seeded: Readonly<Record<SeededName, string>>
  /** Another such copy, which carries a policy that was given. */
  readonly ruled: string | undefined
  readonly settings: Settings
  readonly bundles: Readonly<Record<'mcp' | 'bare' | 'floor', Bundle>>
  /** Of the peer's Worker; free if the peer is a process of its own. */
  readonly peerPort: number
}

const SEEDED_NAMES = ['few', 'many'] as const
export type SeededName = (typeof SEEDED_NAMES)[number]
const RULED = 'ruled'

/** Storage folder: `do/<Worker>-<class>/` has a file for each object. */
export const STATE_FOLDER = 'state'

/**
 * Runs all Workers as deployed, in one workerd. workerd itself listens on a port for each,
 * without a proxy of wrangler or miniflare. Disposing removes everything. The emulator accepts the peer's redirect URI.
 * `entry`: runs this Worker in place of the server. `policy`: the document of `ruled`.
 */
export async function startServers(
  folder: string,
  { peer, entry, policy }: { peer?: Peer | undefined; entry?: string; policy?: string | undefined } = {},
): Promise<Servers> {
  await using starting = new AsyncDisposableStack()
  const { ports } = starting.use(await reservePorts())
  const { ports: more } = starting.use(await reservePorts())
  const { ports: others } = starting.use(await reservePorts())
  // One grant sends requests as fast as the machine answers.
  const given = { REQUESTS_PER_MINUTE: '1000000' }
  const { settings, workers } = planLocal(given, ports, keepKeys(join(folder, 'keys.json')))
  const bareOrigin = `http://localhost:${more.mcp}`
  const todoOrigin = `http://localhost:${ports.api}`
  const peerPort = others.api
  const redirectUri = peer === undefined ? undefined : redirectUriOf(peer, peerPort)
  const peerWorker = peer === undefined ? undefined : peerWorkerOf(peer, { peerPort, todoOrigin, settings })
  const seededAt = { few: more.api, many: more.pingone }
  const seeded = SEEDED_NAMES.map((name) => seededWorker(name, seededAt[name], settings))
  const described: WorkerDescription[] = [
    ...localWorkers({ settings, workers }, ports, randomUUID())
      .map((worker) => (redirectUri === undefined ? worker : withRedirect(worker, redirectUri)))
      .map((worker) =>
        worker.name === 'mcp'
          ? { ...worker, ...(entry === undefined ? otherEntry(folder) : { entry }) }
          : worker,
      ),
    {
      name: 'bare',
      config: 'bench/bare/wrangler.jsonc',
      port: more.mcp,
      variables: { PUBLIC_ORIGIN: bareOrigin },
    },
    { name: 'floor', config: 'bench/floor/wrangler.jsonc', port: others.mcp, variables: {} },
    ...seeded,
    ...(policy === undefined ? [] : [seededWorker(RULED, others.pingone, settings)]),
    ...(peerWorker === undefined ? [] : [peerWorker]),
  ]
  // The seeded Workers share a bundle.
  const making = new Map<string, Promise<Bundle>>()
  const bundleOf = ({ name, config, entry }: WorkerDescription): Promise<Bundle> => {
    const made = making.get(entry ?? config) ?? makeBundle(config, join(folder, name), entry)
    making.set(entry ?? config, made)
    return made
  }
  const bundled = await Promise.all(
    described.map(async (worker) => {
      const bundle = await bundleOf(worker)
      const isRuled = policy !== undefined && worker.name === RULED
      return { worker, bundle: isRuled ? withPolicy(bundle, join(folder, RULED), policy) : bundle }
    }),
  )
  const named = (name: string): Bundle => {
    const found = bundled.find(({ worker }) => worker.name === name)
    if (found === undefined) throw new Error(`no bundle of ${name}`)
    return found.bundle
  }
  const options = convertV4MiniflareOptions({
    workers: bundled.map(({ worker, bundle }) => asDeployed(worker, bundle)),
    resourcePersistencePath: join(folder, STATE_FOLDER),
    cf: false,
    log: new Log(LogLevel.ERROR),
    // Keeps the Workers' logs out of the bench output.
    handleStructuredLogs: () => {},
  })
  const workerd = new Miniflare(options)
  starting.defer(() => workerd.dispose())
  await workerd.ready
  // All copies of the product have the same database.
  await applyMigrations(await workerd.getD1Database('RECORDS', 'mcp'), join(ROOT, 'migrations'))
  const everything = starting.move()
  return {
    origin: `http://localhost:${ports.mcp}`,
    bareOrigin,
    floorOrigin: `http://localhost:${others.mcp}`,
    todoOrigin,
    emulatorOrigin: `http://localhost:${ports.pingone}`,
    seeded: { few: `http://localhost:${seededAt.few}`, many: `http://localhost:${seededAt.many}` },
    ruled: policy === undefined ? undefined : `http://localhost:${others.pingone}`,
    settings,
    bundles: { mcp: named('mcp'), bare: named('bare'), floor: named('floor') },
    peerPort,
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  }
}

/** The same code with another document in place of `policy/default.jsonc`, as if the deployment carried it. */
function withPolicy(bundle: Bundle, folder: string, policy: string): Bundle {
  mkdirSync(folder)
  const from = dirname(bundle.path)
  for (const file of ['index.js', ...globSync('*.jsonc', { cwd: from })])
    copyFileSync(join(from, file), join(folder, file))
  const [text, ...more] = globSync('*-default.jsonc', { cwd: folder })
  if (text === undefined || more.length > 0) throw new Error('the bundle has not one default document')
  writeFileSync(join(folder, text), policy)
  return { ...bundle, path: join(folder, 'index.js') }
}

function withRedirect(worker: WorkerDescription, redirectUri: string): WorkerDescription {
  const { EMULATOR_REDIRECT_URIS: own } = worker.variables
  if (own === undefined) return worker
  return { ...worker, variables: { ...worker.variables, EMULATOR_REDIRECT_URIS: `${own},${redirectUri}` } }
}

/** The entry for the measured product, where src/index.ts serves another one. */
function otherEntry(folder: string): { entry?: string } {
  if (chosen.isOfEntry) return {}
  // wrangler names the bundle after its entry.
  const entry = join(folder, 'entry', 'index.ts')
  mkdirSync(join(folder, 'entry'))
  writeFileSync(entry, entryFor(chosen))
  return { entry }
}

/** The product's own configuration with another entry, so that the two cannot diverge. */
const seededWorker = (
  name: SeededName | typeof RULED,
  port: number,
  settings: Settings,
): WorkerDescription => ({
  name,
  config: 'wrangler.jsonc',
  entry: 'bench/seeded/index.ts',
  port,
  variables: { ...settings, PUBLIC_ORIGIN: `http://localhost:${port}` },
})
