import type { McpServer as StatefulServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { McpServer as StatelessServer } from '@modelcontextprotocol/server'
import { AUDIT_READ } from '#lib/roles.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import type { Catalog, Product, ProductWords } from '#catalog/define-product.ts'

/** The product under the settings: its lists in the order clients see them, its names, and its nouns for denials. */
export interface McpProduct extends Catalog {
  /** Rules of policy name the product by it. */
  readonly slug: string
  readonly server: { name: string; title: string; version: string }
  readonly instructions: string
  readonly words: DenialWords
  /** In `params._meta` of tools/call; its prefix is the name of this server (MCP 2026-07-28 Basic, `_meta`). */
  readonly keyName: string
}

/** What of a principal says which names exist for it. */
export interface Viewer {
  /** Whether tools that need audit:read exist for it. */
  canAudit: boolean
  /** Policy hides what this request names. */
  isNameHidden: boolean
}

/** Whether the tool that a request names exists for its principal. For everyone else it is unknown, to the letter. */
export const isShown = ({ scopes }: Pick<AnyTool, 'scopes'>, { canAudit, isNameHidden }: Viewer): boolean =>
  !isNameHidden && (canAudit || !scopes.includes(AUDIT_READ))

export interface DenialWords extends ProductWords {
  readonly apiName: string
}

/** The version in package.json (a test compares them); `npm run changes -- --release` raises both. */
export const VERSION = '0.2.0'

type ProductNames = Pick<Product, 'slug' | 'serverName' | 'title' | 'instructions' | 'apiName' | 'words'>

export function mcpProduct(product: ProductNames, catalog: Catalog): McpProduct {
  const { slug, serverName: name = slug, title, instructions, apiName, words } = product
  return {
    ...catalog,
    slug,
    server: { name, title, version: VERSION },
    instructions,
    words: { ...words, apiName },
    keyName: `${name}/idempotency-key`,
  }
}

/**
 * Handlers that no product can define: a test entry registers them on the SDK's own server of each transport, after the
 * transport's. They do not appear in the lists; an entry that wants them there wraps the list handlers.
 */
export interface Extension {
  session?: (server: StatefulServer) => void
  stateless?: (server: StatelessServer) => void
}
