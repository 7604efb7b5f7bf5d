import type { OAuthResourceContext } from '@cloudflare/workers-oauth-provider'
import { BearerProps, type Principal } from '../principal.ts'
import { errorCode, jsonRpcError } from './json-rpc-error.ts'
import type { Keeper, McpSettings } from './parts.ts'
import { PRINCIPAL_HEADER, writePrincipal } from './principal-header.ts'
import { library } from './session.ts'
import { openSessionId, signSessionId } from './session-id.ts'

const SESSION_HEADER = 'mcp-session-id'

/**
 * The edge of the stateful lane. The library finds a session by its id alone and runs it as whoever opened it;
 * so ids are signed for their owner here, and the principal is that of the request.
 */
export async function serveSession(
  request: Request,
  ctx: OAuthResourceContext<unknown>,
  principal: Principal,
  { env, settings: { sessionKeys }, keeper }: { env: Env; settings: McpSettings; keeper: Keeper },
): Promise<Response> {
  const signed = request.headers.get(SESSION_HEADER)
  if (signed !== null) {
    const session = await openSessionId(sessionKeys, signed, principal)
    // MCP 2025-11-25 Transports, Session Management: 404 makes a client start over. The same for an id of
    // someone else: for this person it does not exist.
    const isOpen = BearerProps.parse(ctx.props).session === 'open'
    if (session === null || !isOpen) return jsonRpcError(404, errorCode.sessionNotFound, 'Session not found')
    if (request.method === 'DELETE') await keeper.closeSession(session)
    request.headers.set(SESSION_HEADER, session)
  }
  request.headers.set(PRINCIPAL_HEADER, writePrincipal(principal))
  const response = await library.fetch(request, env, withoutProps(ctx))
  const session = response.headers.get(SESSION_HEADER)
  if (session === null) return response
  // On the list of its person before the client knows its id: so an ending finds it, and its life has an end.
  if (signed === null) await keeper.openSession(session, principal.grant, principal.client)
  const headers = new Headers(response.headers)
  headers.set(SESSION_HEADER, await signSessionId(sessionKeys, session, principal))
  return new Response(response.body, { status: response.status, headers })
}

/** The library writes `props` to the session's storage in clear and keeps the first ones: there are none. */
const withoutProps = (ctx: ExecutionContext): ExecutionContext => ({
  props: {},
  exports: ctx.exports,
  tracing: ctx.tracing,
  waitUntil: (work) => ctx.waitUntil(work),
  passThroughOnException: () => ctx.passThroughOnException(),
  abort: (reason) => ctx.abort(reason),
})
