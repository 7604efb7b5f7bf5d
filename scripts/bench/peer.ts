import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { z } from 'zod'
import { LAST_TODO } from './cases.ts'
import type { Bearers } from './logins.ts'
import { initialize, sessionMessage, statelessMessage } from './messages.ts'
import { exchange, type PreparedRequest } from './requests.ts'
import type { WorkerDescription } from '#harness/deployed-worker.ts'
import type { Servers } from './servers.ts'

const Command = z.tuple([z.string()], z.string())

/** A Worker that the bench bundles and runs in its own workerd, so that no process and no proxy is in between. */
const PeerWorker = z.strictObject({
  config: z.string().default('wrangler.jsonc'),
  /** Replaces `main` of the configuration. */
  entry: z.string().optional(),
  /** Its text bindings; in them `$NAME` stands for a variable of `variablesOf`. */
  variables: z.record(z.string(), z.string()).default({}),
})

/** peer.json: another server that serves MCP in front of the same API (docs/performance.md). */
export const PeerFile = z.strictObject({
  name: z.string().default('peer'),
  worker: PeerWorker.optional(),
  /** Starts it in its folder; the environment has what `variablesOf` lists. */
  command: Command.optional(),
  /** Default: localhost at the PORT that the command is given. */
  origin: z.url().optional(),
  path: z.string().startsWith('/').default('/mcp'),
  bearer: z.string().default(''),
  /** Prints the bearer. Runs after the start, with the same environment. */
  bearerCommand: Command.optional(),
  /** A URL or a path at its origin. The emulator accepts it, so that the peer signs in with the client of the bench. */
  redirectUri: z.string().optional(),
  /** false: it speaks 2026-07-28, without `initialize` and session id. */
  session: z.boolean().default(true),
  tool: z.string(),
  arguments: z.record(z.string(), z.unknown()).default({}),
  /** A text in each correct answer. */
  expects: z.string().default(LAST_TODO),
})
export type Peer = z.infer<typeof PeerFile> & { readonly folder: string }

const START_MS = 60_000

export const readPeer = (folder: string): Peer => ({
  ...PeerFile.parse(JSON.parse(readFileSync(join(folder, 'peer.json'), 'utf8'))),
  folder,
})

const originOf = ({ origin }: Peer, port: number): string => origin ?? `http://localhost:${port}`

/** Where a sign-in at the emulator returns to the peer. */
export const redirectUriOf = (peer: Peer, port: number): string | undefined =>
  peer.redirectUri === undefined ? undefined : new URL(peer.redirectUri, originOf(peer, port)).href

/** The facts of the bench that a peer may use: in `variables` of its Worker, and in the environment of its commands. */
export type PeerFacts = Pick<Servers, 'peerPort' | 'todoOrigin' | 'settings'>

const variablesOf = ({ peerPort, todoOrigin, settings }: PeerFacts): Record<string, string | undefined> => ({
  PORT: String(peerPort),
  TODO_API_ORIGIN: todoOrigin,
  API_IDENTIFIER: settings.API_IDENTIFIER,
  PINGONE_ISSUER: settings.PINGONE_ISSUER,
  PINGONE_DV_POLICY_ID: settings.PINGONE_DV_POLICY_ID,
  MCP_SERVER_CLIENT_ID: settings.MCP_SERVER_CLIENT_ID,
  MCP_SERVER_CLIENT_SECRET: settings.MCP_SERVER_CLIENT_SECRET,
})

/** The Worker of the peer, if it is one; paths are relative to its folder. */
export function peerWorkerOf({ worker, folder }: Peer, facts: PeerFacts): WorkerDescription | undefined {
  if (worker === undefined) return undefined
  const known = variablesOf(facts)
  const filled = (text: string) =>
    text.replace(/\$([A-Z_]+)/g, (whole, name: string) => {
      const value = known[name]
      if (value === undefined) throw new Error(`peer.json: the bench does not know ${whole}`)
      return value
    })
  return {
    name: 'peer',
    config: join(folder, worker.config),
    ...(worker.entry === undefined ? {} : { entry: join(folder, worker.entry) }),
    port: facts.peerPort,
    variables: Object.fromEntries(
      Object.entries(worker.variables).map(([name, text]) => [name, filled(text)]),
    ),
  }
}

/** Starts the peer, gets a bearer and a session, and returns the request that calls its tool. */
export async function startPeer(
  peer: Peer,
  servers: Servers,
  bearers: Bearers,
  signal: AbortSignal,
): Promise<AsyncDisposable & { readonly request: PreparedRequest }> {
  const { command, bearerCommand, folder: cwd, path } = peer
  const origin = originOf(peer, servers.peerPort)
  await using starting = new AsyncDisposableStack()
  const env = { ...process.env, ...variablesOf(servers), TODO_API_TOKEN: bearers.downstream }
  let exit: string | undefined
  if (command !== undefined) {
    const [file, ...parameters] = command
    const child = spawn(file, parameters, { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] })
    const gone = new Promise<void>((resolve) => {
      const end = (why: string) => {
        exit = why
        resolve()
      }
      child.once('error', ({ message }) => end(message))
      child.once('exit', (code, by) => end(`ended with ${by ?? code}`))
    })
    starting.defer(async () => {
      child.kill()
      await gone
    })
  }
  for (const startMs = performance.now(); !(await answers(origin, path)); await wait(100)) {
    signal.throwIfAborted()
    if (exit !== undefined) throw new Error(`peer: ${command?.join(' ')}: ${exit}`)
    if (performance.now() - startMs > START_MS) throw new Error(`peer: no answer from ${origin}${path}`)
  }
  const bearer = bearerCommand === undefined ? peer.bearer : await printed(bearerCommand, { cwd, env })
  const params = { name: peer.tool, arguments: peer.arguments }
  const call = { method: 'tools/call', params, expects: peer.expects }
  const message = peer.session
    ? sessionMessage(origin, bearer, await initialize(origin, bearer, path), call)
    : statelessMessage(origin, bearer, call)
  const started = starting.move()
  return {
    request: { ...message, path },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}

async function printed(
  [file, ...parameters]: z.infer<typeof Command>,
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<string> {
  const { stdout } = await promisify(execFile)(file, parameters, { ...options, timeout: START_MS })
  return stdout.trim()
}

/** Any answer counts. */
const answers = (origin: string, path: string): Promise<boolean> =>
  exchange({ origin, path, method: 'GET', headers: {} }).then(
    () => true,
    () => false,
  )
