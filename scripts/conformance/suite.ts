import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { z } from 'zod'

/** The official conformance suite, at the version in package.json. */
export interface Suite {
  readonly version: string
  /** Its command line program. */
  readonly program: string
  readonly folder: string
}

const Manifest = z.object({ version: z.string(), bin: z.object({ conformance: z.string() }) })

export function findSuite(): Suite {
  const manifest = createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json')
  const folder = dirname(manifest)
  const { version, bin } = Manifest.parse(JSON.parse(readFileSync(manifest, 'utf8')))
  return { version, program: join(folder, bin.conformance), folder }
}

export const REVISIONS = ['2026-07-28', '2025-11-25'] as const
export type Revision = (typeof REVISIONS)[number]

/** The scenarios of one revision: those that count, and those that the suite runs in addition, with its reason. */
export interface Requirements {
  readonly scored: readonly string[]
  readonly notScored: ReadonlyMap<string, string>
}

const NOT_SCORED = /^ {2}- scenario: (\S+)\n {4}leg: server\n {4}reason: (\S+)$/gm

/** From the suite's frozen set: a scenario without results was not run. */
export function readRequirements({ folder }: Suite, revision: Revision): Requirements {
  const text = readFileSync(join(folder, 'requirements', `${revision}.yaml`), 'utf8')
  const [, server = ''] = /^server:\n((?: {2}- \S+\n)+)/m.exec(text) ?? []
  const scored = [...server.matchAll(/^ {2}- (\S+)$/gm)].map(([, name = '']) => name)
  if (scored.length === 0) throw new Error(`the requirements of ${revision} cannot be read`)
  const notScored = [...text.matchAll(NOT_SCORED)].map(
    ([, name = '', reason = '']) => [name, reason] as const,
  )
  return { scored, notScored: new Map(notScored) }
}
