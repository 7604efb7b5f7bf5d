import type { OAuthResourceContext } from '@cloudflare/workers-oauth-provider'
import { isLegacyRequest } from '@modelcontextprotocol/server'
import { oncePerEnv } from '../lib/once-per-env.ts'
import type { Principal } from '../principal.ts'
import { answerStopped } from './answer-stopped.ts'
import { calledTool, challengeScopes } from './challenge-scopes.ts'
import { forwardRequest } from './forward-request.ts'
import { invokeTool } from './invoke-tool.ts'
import { answerOutage, errorCode, jsonRpcError } from './json-rpc-error.ts'
import { makeCaller } from './make-caller.ts'
import type { McpParts } from './parts.ts'
import { readMessage } from './read-message.ts'
import { report } from './report.ts'
import { makeMcpSession } from './session.ts'
import { serveSession } from './stateful.ts'
import { makeStatelessLane } from './stateless.ts'

type Context = OAuthResourceContext<unknown>

export interface McpEndpoint {
  /** The handler of an OAuthResourceServer: it runs only for a bearer that was accepted. */
  handler: { fetch(request: Request, env: Env, ctx: Context): Promise<Response> }
  /** The class behind the binding MCP_SESSION; the platform wants it exported from the entry. */
  McpSession: ReturnType<typeof makeMcpSession>
}

/** /mcp serves both protocol eras at one path; the SDK's own predicate says which one a request speaks. */
export function makeMcpEndpoint(parts: McpParts): McpEndpoint {
  const statelessOf = oncePerEnv((env: Env) => makeStatelessLane(parts.toolsOf(env)))

  async function serve(request: Request, env: Env, ctx: Context): Promise<Response> {
    if (new URL(request.url).pathname !== '/mcp') return jsonRpcError(404, errorCode.refused, 'Not found')
    const principal = principalOf(ctx.auth)
    const message = await readMessage(request)
    if (!message.ok) return message.error
    const { body, parsed } = message.value
    const tool = calledTool(parts.toolsOf(env), parsed)
    const keeper = async () => parts.personOf(env, principal.person)
    const challenge = tool && (await challengeScopes(tool, ctx.auth, principal, parsed, keeper))
    if (challenge) return challenge
    const forwarded = forwardRequest(request, body)
    const response = (await isLegacyRequest(forwarded, parsed))
      ? await serveSession(forwarded, ctx, principal, {
          env,
          settings: await parts.settings(env),
          keeper: await parts.personOf(env, principal.person),
          message: parsed,
          tool,
        })
      : await statelessOf(env)(forwarded, parsed, {
          scopes: principal.scopes,
          async call(calling, input, meta) {
            const waitUntil = (work: Promise<unknown>) => ctx.waitUntil(work)
            const message = { meta, inSession: null }
            const asked = { lane: 'stateless', message, waitUntil } as const
            const caller = await makeCaller(parts, env, principal.person, asked)
            return invokeTool(calling, input, principal, caller)
          },
        })
    return tool === undefined ? response : answerStopped(response, ctx.auth)
  }

  return {
    handler: {
      fetch: async (request, env, ctx) => withOurCors(await orOutage(() => serve(request, env, ctx))),
    },
    McpSession: makeMcpSession(parts),
  }
}

/** In a client's own words: a page would tell it nothing (invariant 10). */
async function orOutage(answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer()
  } catch (error) {
    report('mcp.unavailable', error, {})
    return answerOutage()
  }
}

/** RFC 6749 leaves the token's form open; ours is the library's `userId:grantId:secret`. */
function principalOf({ token, userId, clientId, scope, expiresAt }: Context['auth']): Principal {
  const [, grant] = token.split(':')
  if (userId === undefined || clientId === undefined || expiresAt === undefined || grant === undefined) {
    throw new Error('the bearer was accepted without saying whom it stands for')
  }
  return { person: userId, client: clientId, grant, scopes: scope, expiresAtSeconds: expiresAt }
}

/** The library of the stateful lane allows every origin; the resource server names the one that was checked. */
function withOurCors(response: Response): Response {
  const headers = new Headers([...response.headers].filter(([name]) => !name.startsWith('access-control-')))
  headers.set('access-control-expose-headers', 'Mcp-Session-Id')
  return new Response(response.body, { status: response.status, headers })
}
