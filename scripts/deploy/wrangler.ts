import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { z } from 'zod'
import { ROOT } from '#harness/local/workers.ts'

/** A finished command. */
export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs git or npm at the root of the repository. */
export type RunCommand = (command: string, parameters: readonly string[]) => Promise<CommandResult>

/** Runs wrangler. It gets no terminal, so it never waits for an answer. `input` is its standard input. */
export type RunWrangler = (parameters: readonly string[], input?: string) => Promise<CommandResult>

const WRANGLER = join(
  dirname(createRequire(import.meta.url).resolve('wrangler/package.json')),
  'bin/wrangler.js',
)

export const runWrangler: RunWrangler = (parameters, input) =>
  run(process.execPath, [WRANGLER, ...parameters], input)
export const runCommand: RunCommand = (command, parameters) => run(command, parameters)

/** Wrangler opens the browser and waits for a human, so it gets the terminal. */
export const signInToCloudflare = (): Promise<CommandResult> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [WRANGLER, 'login'], { cwd: ROOT, stdio: 'inherit' })
    child.once('error', (error) => resolve({ code: 1, stdout: '', stderr: error.message }))
    child.once('close', (code) => resolve({ code: code ?? 1, stdout: '', stderr: '' }))
  })

function run(command: string, parameters: readonly string[], input = ''): Promise<CommandResult> {
  const child = spawn(command, parameters, { cwd: ROOT, stdio: 'pipe' })
  const printed = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text
    })
  // A command that ends without reading its input is no error here; its exit code says what happened.
  child.stdin.on('error', () => {}).end(input)
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 1, stdout: '', stderr: error.message }))
    child.once('close', (code) => resolve({ code: code ?? 1, ...printed }))
  })
}

/** Both outputs without colours, for searching and showing. */
export const textOf = ({ stdout, stderr }: CommandResult): string =>
  stripVTControlCharacters(`${stdout}\n${stderr}`).trim()

/** An answer that was understood, or what wrangler printed instead. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly result: CommandResult }

/** Wrangler may print lines before its JSON. */
function parsed(stdout: string): unknown {
  const start = stdout.search(/^[[{]/m)
  try {
    return start === -1 ? undefined : JSON.parse(stdout.slice(start))
  } catch {
    return undefined
  }
}

async function ask<T>(
  wrangler: RunWrangler,
  parameters: readonly string[],
  schema: z.ZodType<T>,
): Promise<Answer<T>> {
  const result = await wrangler(parameters)
  const read = schema.safeParse(parsed(result.stdout))
  return result.code === 0 && read.success ? { ok: true, value: read.data } : { ok: false, result }
}

const SignedIn = z.object({
  loggedIn: z.literal(true),
  accounts: z.array(z.object({ id: z.string(), name: z.string() })),
})
/** Who is signed in to Cloudflare. */
export const readAccounts = (wrangler: RunWrangler) => ask(wrangler, ['whoami', '--json'], SignedIn)

const Secrets = z.array(z.object({ name: z.string() }))
/** The names of an environment's secrets. Their values cannot be read. */
export const readSecretNames = (wrangler: RunWrangler, environment: string) =>
  ask(wrangler, ['secret', 'list', '--env', environment, '--format', 'json'], Secrets)

const Annotations = z
  .object({
    'workers/message': z.string().optional(),
    'workers/tag': z.string().optional(),
    'workers/triggered_by': z.string().optional(),
  })
  .default({})
const Version = z.object({
  id: z.string(),
  metadata: z.object({ created_on: z.string() }),
  annotations: Annotations,
})
const Deployment = z.object({
  created_on: z.string(),
  annotations: Annotations,
  versions: z.array(z.object({ version_id: z.string(), percentage: z.number() })),
})
export type Version = z.infer<typeof Version>
export type Deployment = z.infer<typeof Deployment>

/** The ten latest versions of an environment. The order is not relied on. */
export const readVersions = (wrangler: RunWrangler, environment: string) =>
  ask(wrangler, ['versions', 'list', '--env', environment, '--json'], z.array(Version))

/** The ten latest deployments of an environment. The order is not relied on. */
export const readDeployments = (wrangler: RunWrangler, environment: string) =>
  ask(wrangler, ['deployments', 'list', '--env', environment, '--json'], z.array(Deployment))

export const newestFirst = (deployments: readonly Deployment[]): readonly Deployment[] =>
  deployments.toSorted((one, other) => other.created_on.localeCompare(one.created_on))

/** The Worker of this environment was never uploaded. */
export const isUnknownWorker = (result: CommandResult): boolean =>
  /^.*Worker ".*" .*not found\.|\[code: 10007\]/m.test(textOf(result))
