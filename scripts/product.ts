import { readFileSync } from 'node:fs'
import { isProduct, type Product } from '#catalog/define-product.ts'

const ENTRY = new URL('../src/index.ts', import.meta.url)
const IMPORT = /^import \{ (\w+) \} from '(?:#|\.\/)([\w-]+\/index\.ts)'$/gm

/** The product that src/index.ts serves. Node cannot load that file, so its import is read and followed. */
async function findProduct(): Promise<Product> {
  for (const [, name = '', file = ''] of readFileSync(ENTRY, 'utf8').matchAll(IMPORT)) {
    const exported: Record<string, unknown> = await import(new URL(file, ENTRY).href)
    const product = exported[name]
    if (isProduct(product)) return product
  }
  throw new Error("src/index.ts must import its product, like: import { todos } from '#todos/index.ts'")
}

export const product = await findProduct()
