import { McpServer } from '@modelcontextprotocol/server'
import { createMcpHandler } from 'agents/mcp/server'
import { log } from '../lib/log.ts'
import { redacted } from '../lib/redacted.ts'
import type { AnyTool } from '../tools/define-tool.ts'
import type { CallMessage } from './call-key.ts'
import { convertOnce } from './convert-once.ts'
import { describeTool } from './list-tools.ts'
import { instructions, serverInfo } from './server-info.ts'
import type { ToolResult } from './tool-result.ts'

/** One request of the stateless lane, after everything was checked. */
export interface StatelessCall {
  scopes: readonly string[]
  call: (tool: AnyTool, input: unknown, meta: CallMessage['meta']) => Promise<ToolResult>
}

/**
 * Protocol 2026-07-28: each request gets its own SDK v2 server. Who asks is looked up by the request object
 * itself, so that no token and no principal passes through the SDK, where a tool could read it.
 */
export function makeStatelessLane(tools: readonly AnyTool[]) {
  const ready = tools.map(withSchemas)
  const calls = new WeakMap<Request, StatelessCall>()
  const handler = createMcpHandler(
    ({ requestInfo }) => {
      const call = requestInfo && calls.get(requestInfo)
      if (call === undefined) throw new Error('a request without a principal reached the stateless lane')
      return makeServer(ready, call)
    },
    {
      route: '/mcp',
      legacy: 'reject',
      // Origin and Host were checked before the bearer (guard-request.ts, compose.ts); CORS is set by the
      // resource server.
      allowedOriginHostnames: '*',
      corsOptions: false,
      onerror: (error) => log.warn('stateless.error', { detail: redacted(error.message) }),
    },
  )
  return (request: Request, parsedBody: unknown, call: StatelessCall): Promise<Response> => {
    calls.set(request, call)
    return handler.fetch(request, { parsedBody })
  }
}

/** The SDK asks for the JSON Schema of a tool on every request: each has a server of its own. */
const withSchemas = (tool: AnyTool) => ({
  tool,
  inputSchema: convertOnce(tool.input),
  outputSchema: convertOnce(tool.output),
})
type ToolWithSchemas = ReturnType<typeof withSchemas>

function makeServer(tools: readonly ToolWithSchemas[], { scopes, call }: StatelessCall): McpServer {
  // The list depends on the scopes of the token: private, and short enough to follow a new permission.
  const cacheHints = { 'tools/list': { ttlMs: 60_000, cacheScope: 'private' as const } }
  const capabilities = { tools: { listChanged: false } }
  const server = new McpServer(serverInfo, { instructions, cacheHints, capabilities })
  for (const { tool, inputSchema, outputSchema } of tools) {
    const facts = { ...describeTool(tool, scopes), inputSchema, outputSchema }
    server.registerTool(tool.name, facts, (input, { mcpReq }) => call(tool, input, mcpReq._meta))
  }
  return server
}
