import { globSync, readFileSync } from 'node:fs'
import { join, dirname } from 'node:path'
import { gzipSync } from 'node:zlib'
import { z } from 'zod'
import type { V4WorkerOptions } from 'miniflare'
import { unstable_getMiniflareWorkerOptions as workerOptions } from 'wrangler'
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { ROOT } from './local/workers.ts'

export interface Bundle {
  /** The code that a deploy uploads. Its other modules, which are texts, are files beside it. */
  readonly path: string
  readonly bytes: number
  readonly gzipBytes: number
  /** The source files in the bundle. */
  readonly inputs: readonly string[]
}

const Metafile = z.object({
  inputs: z.record(
    z.string(),
    z.object({ imports: z.array(z.object({ path: z.string(), original: z.string().optional() })) }),
  ),
})
const metafileIn = (folder: string) =>
  Metafile.parse(JSON.parse(readFileSync(join(folder, 'bundle-meta.json'), 'utf8')))

/** The files that import something by this name, and which file they get. */
export function importsOf({ path }: Bundle, name: string): { by: string; file: string }[] {
  const { inputs } = metafileIn(dirname(path))
  return Object.entries(inputs).flatMap(([by, { imports }]) =>
    imports.filter(({ original }) => original === name).map((found) => ({ by, file: found.path })),
  )
}

/**
 * Builds what `wrangler deploy` would upload, into its own folder; `entry` replaces the configuration's `main`. Without an
 * environment it is the locked top level.
 */
export async function makeBundle(
  config: string,
  folder: string,
  entry?: string,
  environment = '',
): Promise<Bundle> {
  await runWrangler([
    'deploy',
    ...(entry === undefined ? [] : [entry]),
    '--dry-run',
    `--config=${config}`,
    `--outdir=${folder}`,
    '--metafile',
    `--env=${environment}`,
  ])
  const path = join(folder, 'index.js')
  const code = readFileSync(path)
  const { inputs } = metafileIn(folder)
  return {
    path,
    bytes: code.byteLength,
    gzipBytes: gzipSync(code).byteLength,
    inputs: Object.keys(inputs),
  }
}

const WRANGLER = join(
  dirname(createRequire(import.meta.url).resolve('wrangler/package.json')),
  'bin/wrangler.js',
)

/** Runs a wrangler command offline and returns its output. */
export async function runWrangler(parameters: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [WRANGLER, ...parameters], {
    cwd: ROOT,
    timeout: 120_000,
    maxBuffer: 1e8,
    env: { ...process.env, NO_COLOR: '1', WRANGLER_HIDE_BANNER: 'true', WRANGLER_SEND_METRICS: 'false' },
  })
  return stdout
}

export interface WorkerDescription {
  readonly name: string
  /** The name that service bindings use, where it is not `name`. */
  readonly service?: string
  readonly config: string
  readonly entry?: string
  readonly port: number
  readonly variables: Readonly<Record<string, string | undefined>>
}

/** Flags and bindings come from the Worker's wrangler.jsonc, variables from the caller; the code is its bundle. */
export function asDeployed(
  { name, service = name, config, port, variables }: WorkerDescription,
  { path }: Bundle,
): V4WorkerOptions {
  const { workerOptions: fromConfig } = workerOptions(config)
  return {
    ...fromConfig,
    name: service,
    modules: [
      { type: 'ESModule', path },
      ...globSync('*.jsonc', { cwd: dirname(path) }).map((file) => ({
        type: 'Text' as const,
        path: join(dirname(path), file),
      })),
    ],
    modulesRoot: dirname(path),
    bindings: Object.fromEntries(
      Object.entries(variables).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
    ),
    unsafeDirectSockets: [{ host: 'localhost', port }],
  }
}
