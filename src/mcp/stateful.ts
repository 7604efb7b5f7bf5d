import type { OAuthResourceContext } from '@cloudflare/workers-oauth-provider'
import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js'
import { BearerProps, type Principal } from '../principal.ts'
import type { AnyTool } from '../tools/define-tool.ts'
import { findWrongParamsInSession } from './check-params.ts'
import { answerRefusal, errorCode, jsonRpcError } from './json-rpc-error.ts'
import { orLost } from './lost-answer.ts'
import type { Keeper, McpSettings } from './parts.ts'
import { PRINCIPAL_HEADER, writePrincipal } from './principal-header.ts'
import { report } from './report.ts'
import { library } from './session.ts'
import { openSessionId, signSessionId } from './session-id.ts'
import { sessionObject } from './session-object.ts'

const SESSION_HEADER = 'mcp-session-id'

/** What serving one request takes beside the request: `tool` is the one that its message calls. */
interface Serving {
  env: Env
  settings: McpSettings
  keeper: Keeper
  message: unknown
  tool: AnyTool | undefined
}

/**
 * The edge of the stateful lane. The library finds a session by its id alone and runs it as whoever opened it;
 * so ids are signed for their owner here, and the principal is that of the request.
 */
export async function serveSession(
  request: Request,
  ctx: OAuthResourceContext<unknown>,
  principal: Principal,
  { env, settings: { sessionKeys }, keeper, message, tool }: Serving,
): Promise<Response> {
  const signed = request.headers.get(SESSION_HEADER)
  if (signed !== null) {
    const session = await openSessionId(sessionKeys, signed, principal)
    // MCP 2025-11-25 Transports, Session Management: 404 makes a client start over. The same for an id of
    // someone else: for this person it does not exist.
    const isOpen = BearerProps.parse(ctx.props).session === 'open'
    if (session === null || !isOpen) return jsonRpcError(404, errorCode.sessionNotFound, 'Session not found')
    // Its person ends the object, and again if that fails: a session that is not on the list cannot be asked for.
    if (request.method === 'DELETE') {
      if (!isOurRevision(request)) return jsonRpcError(400, errorCode.invalidRequest, UNKNOWN_REVISION)
      await keeper.closeSession(session)
      return new Response(null, { status: 204 })
    }
    request.headers.set(SESSION_HEADER, session)
  }
  // Before an object is made for the session. Without one, whatever it asks, the library tells what is missing.
  const wrong = isOurRevision(request) ? findWrongParamsInSession(message) : null
  if (wrong !== null && (signed !== null || wrong.method === 'initialize')) {
    return answerRefusal(wrong.id, wrong.refusal)
  }
  request.headers.set(PRINCIPAL_HEADER, writePrincipal(principal))
  const found: { session: string | null } = { session: null }
  const ask = async () => {
    const response = await library.fetch(request, env, withoutProps(ctx))
    found.session = response.headers.get(SESSION_HEADER)
    // On the list of its person before the client knows its id: so an ending finds it, and its life has an end.
    if (signed === null && found.session !== null) {
      await keeper.openSession(found.session, principal.grant, principal.client)
    }
    return response
  }
  const response = await orLost(ask, message, tool)
  const { session } = found
  if (session === null) return response
  if (signed === null && !response.ok) {
    ctx.waitUntil(abandon(env, keeper, session))
    return response
  }
  const headers = new Headers(response.headers)
  headers.set(SESSION_HEADER, await signSessionId(sessionKeys, session, principal))
  // MCP 2026-07-28 Transports, Receiving, and for its reason here too: a proxy must not collect what is streamed.
  if (headers.get('content-type') === 'text/event-stream') headers.set('x-accel-buffering', 'no')
  return new Response(response.body, { status: response.status, headers })
}

const UNKNOWN_REVISION = 'This revision of the protocol has no sessions here.'

/** MCP 2025-11-25 Transports, Protocol Version Header; for the other methods the library looks itself. */
function isOurRevision({ headers }: Request): boolean {
  const revision = headers.get('mcp-protocol-version')
  return revision === null || SUPPORTED_PROTOCOL_VERSIONS.includes(revision)
}

/** Nobody got the id of this session: nobody will ever ask for it or end it. */
async function abandon(env: Env, keeper: Keeper, session: string): Promise<void> {
  const ends = [sessionObject(env, session).endSession(), keeper.closeSession(session)]
  for (const end of await Promise.allSettled(ends)) {
    if (end.status === 'rejected') report('session.not-abandoned', end.reason, {})
  }
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
