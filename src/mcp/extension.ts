import type { McpServer as StatefulServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { McpServer as StatelessServer } from '@modelcontextprotocol/server'

/**
 * What a product's lists cannot say: a test entry registers it on the SDK's own server of each transport, behind the same
 * routes, bearer and transports, after the transport's own handlers. What the transport answers `tools/list`, resources and prompts
 * with is the product's alone: an entry that wants more there wraps these handlers.
 */
export interface Extension {
  session?: (server: StatefulServer) => void
  stateless?: (server: StatelessServer) => void
}
