import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { argv, env } from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isProduct, type Product } from '#catalog/define-product.ts'
import { StartProblem } from './start-problem.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const ENTRY = join(ROOT, 'src/index.ts')
const IMPORT = /^import \{ (\w+)(?: as (\w+))? \} from '(?:#|\.\/)([\w-]+\/index\.ts)'$/gm

/** A product and where it is. */
export interface ProductFolder {
  readonly product: Product
  /** From the root of the repository. */
  readonly folder: string
  readonly exportName: string
}

/** Reads and follows the import of src/index.ts: Node cannot load that file, which needs workerd. */
export async function productOfEntry(): Promise<ProductFolder> {
  for (const [, name = '', , file = ''] of readFileSync(ENTRY, 'utf8').matchAll(IMPORT)) {
    const found = await productIn(dirname(join(ROOT, 'src', file)), name)
    if (found !== undefined) return found
  }
  throw new StartProblem(
    "src/index.ts must import its product, like: import { todos as product } from '#todos/index.ts'",
  )
}

/** The product in `src/<name>` or `examples/<name>`. */
export async function productNamed(name: string): Promise<ProductFolder> {
  if (/^[a-z][a-z0-9-]*$/.test(name))
    for (const place of ['src', 'examples']) {
      const found = await productIn(join(ROOT, place, name))
      if (found !== undefined) return found
    }
  throw new StartProblem(
    `There is no product ${JSON.stringify(name)}: src/<name>/index.ts or examples/<name>/index.ts must export one (defineProduct).`,
  )
}

async function productIn(folder: string, exportName?: string): Promise<ProductFolder | undefined> {
  const file = join(folder, 'index.ts')
  if (!existsSync(file)) return undefined
  const exported: Record<string, unknown> = await import(pathToFileURL(file).href)
  for (const [name, product] of Object.entries(exported))
    if (isProduct(product) && (exportName === undefined || name === exportName))
      return { product, folder: relative(ROOT, folder), exportName: name }
  return undefined
}

/** src/index.ts with another product: the same deadlines and classes, and no file is changed. */
export function entryFor({ folder, exportName }: ProductFolder): string {
  const file = JSON.stringify(join(ROOT, folder, 'index.ts'))
  const text = readFileSync(ENTRY, 'utf8').replace(
    IMPORT,
    (_line, name: string, alias: string = name) => `import { ${exportName} as ${alias} } from ${file}`,
  )
  return text.replaceAll(`from './`, `from '${join(ROOT, 'src')}/`)
}

/** Scripts that call the tools of the todos product, as tests do. */
const ON_TODOS = /\bscripts[/\\](?:bench|clients|conformance|limits|soak|storm)\b/

/** `--product <name>`; a test sets MCP_PRODUCT, so that it does not depend on src/index.ts. */
function chosenName(): string | undefined {
  if (ON_TODOS.test(argv[1] ?? '')) return 'todos'
  const at = argv.findIndex((word) => word === '--product' || word.startsWith('--product='))
  if (at === -1) return env['MCP_PRODUCT'] || undefined
  return argv[at]?.split('=')[1] ?? argv[at + 1] ?? ''
}

async function chooseProduct(): Promise<ProductFolder & { isOfEntry: boolean }> {
  const ofEntry = await productOfEntry()
  const name = chosenName()
  const chosen = name === undefined ? ofEntry : await productNamed(name)
  return { ...chosen, isOfEntry: chosen.folder === ofEntry.folder }
}

/** The product of this process: every script follows `--product`. */
export const chosen = await chooseProduct().catch((error: unknown) => {
  if (!(error instanceof StartProblem)) throw error
  console.error(error.message)
  process.exit(1)
})
export const { product } = chosen

/** Two products never share state: tokens, grants and scopes differ. */
export const DEFAULT_STATE = chosen.isOfEntry
  ? '.wrangler/local'
  : `.wrangler/local-${chosen.folder.split('/').at(-1)}`
