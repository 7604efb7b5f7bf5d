import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StartProblem } from './start-problem.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The Worker that plays the product's API on this machine. */
export interface LocalApi {
  readonly config: string
  /** `name` in its wrangler.jsonc. */
  readonly service: string
}

/**
 * One rule for all products: the Worker is `local-api/` in the product's folder, or in the folder that `local-api.txt`
 * there names. Undefined: the product has none, so it needs API_URL.
 */
export function findLocalApi(productFolder: string): LocalApi | undefined {
  const pointer = join(productFolder, 'local-api.txt')
  const isElsewhere = existsSync(join(ROOT, pointer))
  const folder = isElsewhere
    ? readFileSync(join(ROOT, pointer), 'utf8').trim()
    : join(productFolder, 'local-api')
  const config = join(folder, 'wrangler.jsonc')
  if (existsSync(join(ROOT, config))) return { config, service: nameIn(config) }
  if (isElsewhere) throw new StartProblem(`${pointer} names ${folder}, which has no wrangler.jsonc.`)
  return undefined
}

function nameIn(config: string): string {
  const name = /^\s*"name": "([\w-]+)"/m.exec(readFileSync(join(ROOT, config), 'utf8'))?.[1]
  if (name === undefined) throw new StartProblem(`${config} must have a "name".`)
  return name
}
