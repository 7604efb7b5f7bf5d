import { readFileSync } from 'node:fs'
import { join, dirname } from 'node:path'
import { gzipSync } from 'node:zlib'
import { z } from 'zod'
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { ROOT } from '#harness/local/workers.ts'
import { median } from './statistics.ts'

export interface Bundle {
  /** Size of the single module that a deploy uploads. */
  readonly path: string
  readonly bytes: number
  readonly gzipBytes: number
  /** The source files in the bundle. */
  readonly inputs: readonly string[]
}

const Metafile = z.object({ inputs: z.record(z.string(), z.unknown()) })

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
  const { inputs } = Metafile.parse(JSON.parse(readFileSync(join(folder, 'bundle-meta.json'), 'utf8')))
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
async function runWrangler(parameters: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [WRANGLER, ...parameters], {
    cwd: ROOT,
    timeout: 120_000,
    maxBuffer: 1e8,
    env: { ...process.env, NO_COLOR: '1', WRANGLER_HIDE_BANNER: 'true', WRANGLER_SEND_METRICS: 'false' },
  })
  return stdout
}

const ACTIVE = /Active: ([\d.]+) ms/

/** CPU time from loading the bundle to the first request, by wrangler's profile; median of `times`. */
export async function measureStartup(outDir: string, times: number): Promise<number> {
  const taken: number[] = []
  for (let time = 0; time < times; time += 1) {
    const profile = join(outDir, 'startup.cpuprofile')
    const told = await runWrangler(['check', 'startup', `--outfile=${profile}`, '--args=--env='])
    const ms = ACTIVE.exec(told)?.[1]
    if (ms === undefined) throw new Error(`wrangler check startup told no active time:\n${told}`)
    taken.push(Number(ms))
  }
  return median(taken)
}
