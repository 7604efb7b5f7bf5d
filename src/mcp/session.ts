/* oxlint-disable typescript/no-deprecated -- Deliberate: McpAgent serves the 2025 revisions; only this file knows it. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/cfworker-provider.js'
import { McpAgent } from 'agents/mcp'
import { oncePerEnv } from '../lib/once-per-env.ts'
import { invokeTool } from './invoke-tool.ts'
import { describeTool } from './list-tools.ts'
import { listedTool } from './listed-tool.ts'
import { makeCaller } from './make-caller.ts'
import type { McpParts } from './parts.ts'
import { PRINCIPAL_HEADER, readPrincipal } from './principal-header.ts'
import { instructions, serverInfo } from './server-info.ts'

export type Session = McpAgent<Env>
type Connection = Parameters<Session['onConnect']>[0]
type ConnectionContext = Parameters<Session['onConnect']>[1]
type Extra = {
  requestInfo?: { headers: Record<string, unknown> }
  requestId: string | number
  _meta?: Record<string, unknown>
}

/** The library's way to a session: it finds the object by the id in the header, for whoever asks. */
export const library = McpAgent.serve('/mcp', { binding: 'MCP_SESSION' })

const principalOf = (extra: Extra) => readPrincipal(extra.requestInfo?.headers[PRINCIPAL_HEADER])
const grantTag = ({ request }: ConnectionContext) =>
  `grant:${readPrincipal(request.headers.get(PRINCIPAL_HEADER)).grant}`

/**
 * The 2025 revisions: one object per session, an SDK v1 server in it. It trusts endpoint.ts, which alone can
 * reach it: the session belongs to the person and client of the request. Who asks, with which grant and scopes,
 * comes with each request; the object keeps none of it.
 */
export function makeMcpSession(parts: McpParts) {
  // Of each tool once per isolate, and not for each session.
  const shownOf = oncePerEnv(listedTool)

  return class McpSession extends McpAgent<Env> {
    override server = new McpServer(serverInfo, {
      instructions,
      // The default validator, Ajv, compiles code, which workerd refuses.
      jsonSchemaValidator: new CfWorkerJsonSchemaValidator(),
    })

    override async init(): Promise<void> {
      const waitUntil = (work: Promise<unknown>) => this.ctx.waitUntil(work)
      const tools = parts.toolsOf(this.env)
      for (const tool of tools) {
        this.server.registerTool(
          tool.name,
          { ...describeTool(tool, tool.scopes), inputSchema: tool.input, outputSchema: tool.output },
          async (input: unknown, extra: Extra) => {
            const principal = principalOf(extra)
            const caller = await makeCaller(parts, this.env, principal.person, {
              lane: 'stateful',
              message: {
                meta: extra._meta,
                inSession: { session: this.getSessionId(), request: extra.requestId },
              },
              waitUntil,
            })
            return invokeTool(tool, input, principal, caller)
          },
        )
      }
      // SDK v1 promises news of a changed list as soon as it has a tool; this list does not change.
      this.server.server.registerCapabilities({ tools: { listChanged: false } })
      // SDK v1 lists what was registered once; what a tool needs depends on the token of each request.
      this.server.server.setRequestHandler(ListToolsRequestSchema, (_request, extra) => {
        const { scopes } = principalOf(extra)
        return { tools: tools.map((tool) => ({ ...shownOf(tool), ...describeTool(tool, scopes) })) }
      })
    }

    /** No event store: it would keep tool results in storage in clear, only for resuming a broken stream. */
    protected override getEventStore() {
      return undefined
    }

    override getConnectionTags(_connection: Connection, context: ConnectionContext): string[] {
      return [grantTag(context)]
    }

    /** Deliberate: a request under another grant of the same person and client closes the old one's streams. */
    override async onConnect(connection: Connection, context: ConnectionContext): Promise<void> {
      const tag = grantTag(context)
      for (const other of this.getConnections()) {
        if (other.id !== connection.id && !other.tags.includes(tag))
          other.close(1000, 'Another grant took over')
      }
      await super.onConnect(connection, context)
    }

    /** Its person said that it is over: streams close now, and what it stored goes. */
    async endSession(): Promise<void> {
      for (const connection of this.getConnections()) connection.close(1000, 'This session has ended')
      await this._cf_terminateSession()
    }
  }
}
