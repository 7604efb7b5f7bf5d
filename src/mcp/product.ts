import type { Catalog, Product, ProductWords } from '#catalog/define-product.ts'

/** The product under the settings: its lists in the order clients see them, its names, and its nouns for denials. */
export interface McpProduct extends Catalog {
  readonly server: { name: string; title: string; version: string }
  readonly instructions: string
  readonly words: DenialWords
  /** In `params._meta` of tools/call; its prefix is the name of this server (MCP 2026-07-28 Basic, `_meta`). */
  readonly keyName: string
}

export interface DenialWords extends ProductWords {
  readonly apiName: string
}

const VERSION = '0.1.0'

type Names = Pick<Product, 'slug' | 'serverName' | 'title' | 'instructions' | 'apiName' | 'words'>

export function mcpProduct(
  { slug, serverName: name = slug, title, instructions, apiName, words }: Names,
  catalog: Catalog,
): McpProduct {
  return {
    ...catalog,
    server: { name, title, version: VERSION },
    instructions,
    words: { ...words, apiName },
    keyName: `${name}/idempotency-key`,
  }
}
