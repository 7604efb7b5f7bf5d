import { isSpecType, type McpServer as StatelessServer } from '@modelcontextprotocol/server'
import type { McpServer as StatefulServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { ListToolsRequestSchema, ListToolsResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { behind } from './behind.ts'
import { describeFixture } from './contents.ts'

const ANYTHING = { type: 'object' as const }
const entryOf = (name: string) => ({ name, description: describeFixture(name), inputSchema: ANYTHING })

/** The tool list is the transport's own list, followed by tools that are registered only on the SDK's server. */
export function listStateful({ server }: StatefulServer, names: readonly string[]): void {
  const transport = behind(server, 'tools/list')
  if (transport === undefined) throw new Error('the session transport answers no tools/list')
  server.setRequestHandler(ListToolsRequestSchema, async (request, extra) => {
    const listed = ListToolsResultSchema.parse(await transport(request, extra))
    return { ...listed, tools: [...listed.tools, ...names.map(entryOf)] }
  })
}

export function listStateless({ server }: StatelessServer, names: readonly string[]): void {
  const transport = behind(server, 'tools/list')
  if (transport === undefined) throw new Error('the stateless transport answers no tools/list')
  server.setRequestHandler('tools/list', async (request, context) => {
    const listed = await transport(request, context)
    if (!isSpecType.ListToolsResult(listed)) throw new Error('the transport listed something else')
    return { ...listed, tools: [...listed.tools, ...names.map(entryOf)] }
  })
}
