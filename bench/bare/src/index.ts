/**
 * The baseline of the bench: the minimum that serves the same tools with the same libraries. It uses the OAuth library in
 * its usual form, with the downstream token in its props and without stored calls. It authenticates nobody, so that
 * no sign-in is measured.
 */
import {
  OAuthProvider,
  type OAuthHelpers,
  type OAuthResourceContext,
} from '@cloudflare/workers-oauth-provider'
import { McpServer } from '@modelcontextprotocol/server'
import { createMcpHandler, getMcpAuthContext } from 'agents/mcp/server'
import { env, WorkerEntrypoint } from 'cloudflare:workers'
import { z } from 'zod'
import { tools } from '#todos/tools/index.ts'

const Props = z.object({ downstreamToken: z.string() })
type Props = z.infer<typeof Props>
const Todos = z.object({ todos: z.array(z.looseObject({})) })

async function listTodos() {
  const { downstreamToken } = Props.parse(getMcpAuthContext()?.props)
  const response = await env.TODO_API.fetch('https://todo-api.internal/api/todos?limit=50', {
    headers: { authorization: `Bearer ${downstreamToken}` },
  })
  const { todos } = Todos.parse(await response.json())
  const structuredContent = { todos, total: todos.length, next: null }
  return { content: [{ type: 'text' as const, text: JSON.stringify(todos) }], structuredContent }
}

function makeServer(): McpServer {
  const server = new McpServer({ name: 'bare', version: '1.0.0' })
  for (const { name, description, input, output } of tools) {
    server.registerTool(name, { description, inputSchema: input, outputSchema: output }, listTodos)
  }
  return server
}

const handler = createMcpHandler(makeServer, { route: '/mcp' })

type WithHelpers = Env & { OAUTH_PROVIDER: OAuthHelpers }

class Mcp extends WorkerEntrypoint<WithHelpers> {
  declare protected ctx: OAuthResourceContext<Props>

  override fetch(request: Request): Promise<Response> {
    return handler(request, this.env, this.ctx)
  }
}

async function authorize(request: Request, { OAUTH_PROVIDER: oauth }: WithHelpers): Promise<Response> {
  const parsed = await oauth.parseAuthRequest(request)
  const props: Props = { downstreamToken: request.headers.get('x-downstream-token') ?? '' }
  const { redirectTo } = await oauth.completeAuthorization({
    request: parsed,
    userId: 'bench',
    metadata: {},
    scope: parsed.scope,
    props,
  })
  return Response.redirect(redirectTo)
}

export default new OAuthProvider<WithHelpers>({
  resourceMetadata: { resource: `${env.PUBLIC_ORIGIN}/mcp` },
  apiRoute: '/mcp',
  apiHandler: Mcp,
  defaultHandler: { fetch: authorize },
  authorizeEndpoint: '/authorize',
  tokenEndpoint: '/token',
  clientRegistrationEndpoint: '/register',
  scopesSupported: ['todo:read', 'todo:write'],
})
