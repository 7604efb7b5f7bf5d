import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { z } from 'zod'
import { runWrangler } from './run-wrangler.ts'

export interface Bundle {
  /** Size of the single module that a deploy uploads. */
  readonly path: string
  readonly bytes: number
  readonly gzipBytes: number
  /** The source files in the bundle. */
  readonly inputs: readonly string[]
}

const Metafile = z.object({ inputs: z.record(z.string(), z.unknown()) })

/** Builds what `wrangler deploy` would upload, into its own folder; `entry` replaces the configuration's `main`. */
export async function makeBundle(config: string, folder: string, entry?: string): Promise<Bundle> {
  await runWrangler([
    'deploy',
    ...(entry === undefined ? [] : [entry]),
    '--dry-run',
    `--config=${config}`,
    `--outdir=${folder}`,
    '--metafile',
    '--env=',
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
