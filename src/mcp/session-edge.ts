import type { OAuthResourceContext } from '@cloudflare/workers-oauth-provider'
import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { BearerProps, type Principal } from '#principal.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import { COULD_NOT_ASK } from './ask-in-session.ts'
import { findWrongParamsInSession } from './check-params.ts'
import { cleanAnswer, type RenamedId } from './clean-answer.ts'
import type { Envelope } from './envelope.ts'
import {
  answerDenial,
  answerResult,
  errorCode,
  jsonRpcError,
  SPEAKS_STREAMABLE_HTTP,
} from './json-rpc-error.ts'
import type { DenialWords } from './product.ts'
import { orLost } from './lost-answer.ts'
import type { UserApi, McpSettings } from './deps.ts'
import { PRINCIPAL_HEADER, writePrincipal } from './principal-header.ts'
import { report } from './report.ts'
import { RpcDenial } from './rpc-denial.ts'
import { library } from './session.ts'
import { openSessionId, signSessionId } from './session-id.ts'
import { sessionObject } from './session-object.ts'

const SESSION_HEADER = 'mcp-session-id'

/** What serving one request takes beside the request: `tool` is the one that its message calls. */
interface Serving {
  env: Env
  settings: McpSettings
  userApi: UserApi
  /** null: the method has no body. */
  envelope: Envelope | null
  /** All that there are; null: a test entry has more. */
  tools: readonly AnyTool[] | null
  tool: AnyTool | undefined
  words: DenialWords
  /** Ends a stream with the access token of this request (stream-life.ts). */
  tie: (open: Response) => Response
}

/**
 * The edge of the session transport. The library finds a session by its id alone and runs it as whoever opened it;
 * so ids are signed for their owner here, and the principal is that of the request.
 */
export async function serveSession(
  request: Request,
  ctx: OAuthResourceContext<unknown>,
  principal: Principal,
  { env, settings: { sessionKeys }, userApi, envelope, tools, tool, words, tie }: Serving,
): Promise<Response> {
  const isBeginning = envelope?.kind === 'request' && envelope.message.method === 'initialize'
  const signed = request.headers.get(SESSION_HEADER)
  const named = signed === null ? null : await openSessionId(sessionKeys, signed, principal)
  const session = BearerProps.parse(ctx.props).session === 'open' ? named : null
  if (session === null && signed !== null) {
    // MCP 2025-11-25 Transports, Session Management: 404 makes a client start over. The same for an id of
    // someone else: for this user it does not exist. A client may start over with its old id still in the header.
    if (!isBeginning) return jsonRpcError(404, errorCode.sessionNotFound, 'Session not found')
    request.headers.delete(SESSION_HEADER)
  }
  if (session !== null && isBeginning) return jsonRpcError(400, errorCode.invalidRequest, ALREADY_OPEN)
  if (!isBeginning && !isOurRevision(request))
    return jsonRpcError(400, errorCode.invalidRequest, UNKNOWN_REVISION)
  if (session === null && !isBeginning) return jsonRpcError(400, errorCode.transport, noSession(request))
  // The User ends the object, and retries: a session that is not on its list cannot be reached.
  if (session !== null && request.method === 'DELETE') {
    await userApi.closeSession(session)
    return new Response(null, { status: 204 })
  }
  const wrong = findWrongParamsInSession(envelope?.message, tools, words)
  if (wrong !== null) {
    const { id, answer } = wrong
    return answer instanceof RpcDenial ? answerDenial(id, answer) : answerResult(id, answer)
  }
  if (session !== null) request.headers.set(SESSION_HEADER, session)
  const going = await goingIn(envelope, session, (id) =>
    session === null ? Promise.resolve([]) : sessionObject(env, session).runningAs(id, principal.grant),
  )
  if (going === 'nothing') return new Response(null, { status: 202 })
  request.headers.set(PRINCIPAL_HEADER, writePrincipal(principal))
  const forwarded =
    going === null ? request : new Request(request, { method: 'POST', body: JSON.stringify(going.message) })
  const found: { session: string | null } = { session: null }
  const ask = async () => {
    // Inside orLost, which answers for a call whose stream ends before its result.
    const response = tie(await library.fetch(forwarded, env, withoutProps(ctx)))
    found.session = response.headers.get(SESSION_HEADER)
    // On the list of its user before the client knows its id: so an ending finds it, and its life has an end.
    if (session === null && found.session !== null) {
      await userApi.openSession(found.session, principal.grant, principal.client)
    }
    const isListening = request.method === 'GET' && response.ok
    return isListening ? response : cleanAnswer(response, going?.renamed)
  }
  const response = await orLost(ask, envelope?.message, tool, words)
  const { session: answering } = found
  if (answering === null) return response
  if (session === null && !response.ok) {
    ctx.waitUntil(abandon(env, userApi, answering))
    return response
  }
  const headers = new Headers(response.headers)
  headers.set(SESSION_HEADER, await signSessionId(sessionKeys, answering, principal))
  // MCP 2026-07-28 Transports, Receiving, and for its reason here too: a proxy must not collect what is streamed.
  if (headers.get('content-type') === 'text/event-stream') headers.set('x-accel-buffering', 'no')
  return new Response(response.body, { status: response.status, headers })
}

const ALREADY_OPEN =
  'This session is open. To begin another one, send initialize without Mcp-Session-Id. Nothing was done.'
const UNKNOWN_REVISION = 'This revision of the protocol has no sessions here.'

/** A client of the old transport opens with GET and waits for events. */
const noSession = ({ method }: Request): string =>
  method === 'GET'
    ? SPEAKS_STREAMABLE_HTTP
    : 'Mcp-Session-Id is missing. Begin with initialize. Nothing was done.'

/** MCP 2025-11-25 Transports, Protocol Version Header. */
function isOurRevision({ headers }: Request): boolean {
  const revision = headers.get('mcp-protocol-version')
  return revision === null || SUPPORTED_PROTOCOL_VERSIONS.includes(revision)
}

interface Going {
  message: unknown
  renamed: RenamedId | null
}

const Cancelled = z.object({ requestId: z.union([z.string(), z.int()]) })

/**
 * The message as the session's object gets it. Each request goes under an id of its own there, whatever its client called
 * it: many give all requests the same one, and SDK and library find call, stream and cancellation by it (decision 21).
 */
async function goingIn(
  envelope: Envelope | null,
  session: string | null,
  runningAs: (id: string) => Promise<string[]>,
): Promise<Going | 'nothing' | null> {
  if (envelope === null) return null
  switch (envelope.kind) {
    case 'request': {
      const given = envelope.message.id
      const internal = `${crypto.randomUUID()} ${JSON.stringify(given)}`
      return { message: { ...envelope.message, id: internal }, renamed: { internal, given } }
    }
    case 'notification': {
      const { method, params } = envelope.message
      if (method !== 'notifications/cancelled') return { message: envelope.message, renamed: null }
      const cancelled = Cancelled.safeParse(params)
      if (!cancelled.success || session === null) return 'nothing'
      const [running, ...others] = await runningAs(JSON.stringify(cancelled.data.requestId))
      if (running === undefined || others.length > 0) return 'nothing'
      return { message: { ...envelope.message, params: { ...params, requestId: running } }, renamed: null }
    }
    case 'answer': {
      const { message } = envelope
      if (!('error' in message)) return { message, renamed: null }
      // The library waits forever if the answer is an error, and the call sees only a cancellation.
      const { jsonrpc, id } = message
      if (id === undefined || id === null) return 'nothing'
      return { message: { jsonrpc, id, result: COULD_NOT_ASK }, renamed: null }
    }
    default:
      return envelope satisfies never
  }
}

/** Nobody got the id of this session: nobody will ever ask for it or end it. */
async function abandon(env: Env, userApi: UserApi, session: string): Promise<void> {
  const ends = [sessionObject(env, session).endSession(), userApi.closeSession(session)]
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
