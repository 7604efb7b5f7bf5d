import type { OAuthResourceContext } from '@cloudflare/workers-oauth-provider'
import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import type { Principal } from '#principal.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import { COULD_NOT_ASK } from './ask-in-session.ts'
import { findWrongParamsInSession } from '../edge/check-params.ts'
import { type IdMapping, passAnswer, passListening, type StreamToken } from '../edge/answer-pass.ts'
import type { Envelope } from '../edge/read-message.ts'
import { answerDenial, errorCode, jsonRpcError, SPEAKS_STREAMABLE_HTTP } from '../json-rpc-error.ts'
import type { DenialWords } from '../product.ts'
import { lostAnswer } from './lost-answer.ts'
import type { UserApi, McpSettings } from '../deps.ts'
import type { EntryAnswer } from '#users/calls/entry.ts'
import { CALL_HEADER, writeCall } from './call-header.ts'
import type { EnteredCall } from '../calls/caller.ts'
import { PRINCIPAL_HEADER, writePrincipal } from './principal-header.ts'
import { sessionObject } from './session-object.ts'
import { report, type RequestLine } from '../edge/request-log.ts'
import type { Reads } from '../lists/reads.ts'
import { sessionLibrary } from './session.ts'
import { answerStop } from '../edge/stop-answer.ts'
import { answerSubscription } from './subscribe.ts'
import type { CallProblem } from '../calls/tool-denial.ts'
import { openSessionId, signSessionId } from './session-id.ts'

const SESSION_HEADER = 'mcp-session-id'

/** The context of one request. `tool` is the tool that its message calls. */
interface SessionRequestDeps {
  env: Env
  settings: McpSettings
  userApi: UserApi
  /** null when the method has no body. */
  envelope: Envelope | null
  /** All tools; null when a test entry adds more. */
  tools: readonly AnyTool[] | null
  reads: Reads
  tool: AnyTool | undefined
  words: DenialWords
  /** Whether the session that the request names is open for its client. */
  state: EntryAnswer['session']
  /** The call that has begun; undefined: the message asks for none. */
  begun: EnteredCall | undefined
  nowSeconds: () => number
  /** Called when the session's object has the call, or may have it. */
  onTaken: () => void
  /** Ends a stream with the access token of this request. */
  token: StreamToken
  /** null: the message is no call or read. */
  line: RequestLine | null
}

/**
 * The edge of the session transport. The library finds a session by its id alone and runs it as the user who opened it.
 * So each id carries a MAC for its owner, and the principal comes from the request.
 * @step tool-call 1 session transport: whose session it is
 */
export async function serveSession(
  request: Request,
  ctx: OAuthResourceContext<unknown>,
  principal: Principal,
  deps: SessionRequestDeps,
): Promise<Response> {
  const {
    env,
    settings,
    userApi,
    envelope,
    tools,
    reads,
    tool,
    words,
    state,
    begun,
    onTaken,
    nowSeconds,
    token,
    line,
  } = deps
  const { sessionKeys, rootKeys } = settings
  const isInitialize = envelope?.kind === 'request' && envelope.message.method === 'initialize'
  const signed = request.headers.get(SESSION_HEADER)
  const named = signed === null ? null : await openSessionId(sessionKeys, signed, principal)
  const session = state === 'open' ? named : null
  if (session === null && signed !== null) {
    // MCP 2025-11-25 Transports, Session Management: 404 makes a client start over; the same for another user's id.
    // A client may start over with its old id still in the header.
    if (!isInitialize) return jsonRpcError(404, errorCode.sessionNotFound, 'Session not found')
    request.headers.delete(SESSION_HEADER)
  }
  if (session !== null && isInitialize) return jsonRpcError(400, errorCode.invalidRequest, ALREADY_OPEN)
  if (!isInitialize && !isOurRevision(request))
    return jsonRpcError(400, errorCode.invalidRequest, UNKNOWN_REVISION)
  if (session === null && !isInitialize) return jsonRpcError(400, errorCode.transport, noSession(request))
  // The user's object ends the session's object, with retries. A session off its list is unreachable.
  if (session !== null && request.method === 'DELETE') {
    await userApi.closeSession(session)
    return new Response(null, { status: 204 })
  }
  const wrong = findWrongParamsInSession(envelope?.message, tools)
  if (wrong !== null) return answerDenial(wrong.id, wrong.answer)
  if (session !== null) {
    const subscriber = { principal, session, words, userApi }
    const stop = (problem: CallProblem) => answerStop(problem, ctx.auth)
    const answer = await answerSubscription(reads, envelope?.message, subscriber, stop)
    if (answer !== null) return answer
  }
  if (session !== null) request.headers.set(SESSION_HEADER, session)
  const internal = await toInternal(envelope, session, begun?.transaction ?? crypto.randomUUID(), (id) =>
    session === null ? Promise.resolve([]) : sessionObject(env, session).runningAs(id, principal.grant),
  )
  if (internal === 'ignored') return new Response(null, { status: 202 })
  request.headers.set(PRINCIPAL_HEADER, writePrincipal(principal))
  if (begun !== undefined && session !== null)
    request.headers.set(CALL_HEADER, await writeCall(rootKeys, session, begun, nowSeconds()))
  const forwarded =
    internal === null
      ? request
      : new Request(request, { method: 'POST', body: JSON.stringify(internal.message) })
  const lost = lostAnswer(envelope?.message, tool, words)
  let opened: string | null = null
  let response: Response
  try {
    const answer = await sessionLibrary.fetch(forwarded, env, withoutProps(ctx))
    // Only a 4xx says that the object did not take the message.
    if (answer.ok || answer.status >= 500) onTaken()
    opened = answer.headers.get(SESSION_HEADER)
    // Stored with its user before the client gets the id, so that ending the grant ends the session.
    if (session === null && opened !== null)
      await userApi.openSession(opened, principal.grant, principal.client)
    const pass = { token, ids: internal?.ids ?? null, line, lost: lost.id === null ? null : lost }
    if (answer.status >= 500) response = lost.response(new Error(`the library answered ${answer.status}`))
    else if (request.method === 'GET' && answer.ok) response = passListening(answer, token)
    else response = await passAnswer(answer, pass)
  } catch (error) {
    // The object may have taken the message before it died: the outcome of a call is then unknown (invariant 7).
    onTaken()
    response = lost.response(error)
  }
  if (opened === null) return response
  if (session === null && !response.ok) {
    ctx.waitUntil(abandon(env, userApi, opened))
    return response
  }
  const headers = new Headers(response.headers)
  headers.set(SESSION_HEADER, await signSessionId(sessionKeys, opened, principal))
  // MCP 2026-07-28 Transports, Receiving: a proxy must not buffer a stream.
  if (headers.get('content-type') === 'text/event-stream') headers.set('x-accel-buffering', 'no')
  return new Response(response.body, { status: response.status, headers })
}

const ALREADY_OPEN =
  'This session is open. To begin another one, send initialize without Mcp-Session-Id. Nothing was done.'
const UNKNOWN_REVISION = 'This revision of the protocol has no sessions here.'

/** A client of the old transport begins with a GET. */
const noSession = ({ method }: Request): string =>
  method === 'GET'
    ? SPEAKS_STREAMABLE_HTTP
    : 'Mcp-Session-Id is missing. Begin with initialize. Nothing was done.'

/** MCP 2025-11-25 Transports, Protocol Version Header. */
function isOurRevision({ headers }: Request): boolean {
  const revision = headers.get('mcp-protocol-version')
  return revision === null || SUPPORTED_PROTOCOL_VERSIONS.includes(revision)
}

interface InternalMessage {
  message: unknown
  ids: IdMapping | null
}

const Cancelled = z.object({ requestId: z.union([z.string(), z.int()]) })

/**
 * The message as the session's object receives it. Each request gets a unique internal id, which begins with that of its call: many clients reuse one id, and
 * the SDK and the library find call, stream and cancellation by it (decision 21).
 */
async function toInternal(
  envelope: Envelope | null,
  session: string | null,
  uuid: string,
  runningAs: (id: string) => Promise<string[]>,
): Promise<InternalMessage | 'ignored' | null> {
  if (envelope === null) return null
  switch (envelope.kind) {
    case 'request': {
      const external = envelope.message.id
      const internal = `${uuid} ${JSON.stringify(external)}`
      return { message: { ...envelope.message, id: internal }, ids: { internal, external } }
    }
    case 'notification': {
      const { method, params } = envelope.message
      if (method !== 'notifications/cancelled') return { message: envelope.message, ids: null }
      const cancelled = Cancelled.safeParse(params)
      if (!cancelled.success || session === null) return 'ignored'
      const [running, ...others] = await runningAs(JSON.stringify(cancelled.data.requestId))
      if (running === undefined || others.length > 0) return 'ignored'
      return { message: { ...envelope.message, params: { ...params, requestId: running } }, ids: null }
    }
    case 'answer': {
      const { message } = envelope
      if (!('error' in message)) return { message, ids: null }
      // The library waits forever if the answer is an error, and the call sees only a cancellation.
      const { jsonrpc, id } = message
      if (id === undefined || id === null) return 'ignored'
      return { message: { jsonrpc, id, result: COULD_NOT_ASK }, ids: null }
    }
    default:
      return envelope satisfies never
  }
}

/** Ends a session whose id never reached its client. */
async function abandon(env: Env, userApi: UserApi, session: string): Promise<void> {
  const ends = [sessionObject(env, session).endSession(), userApi.closeSession(session)]
  for (const end of await Promise.allSettled(ends)) {
    if (end.status === 'rejected') report('session.not-abandoned', end.reason, {})
  }
}

/** The library writes `props` to storage in clear and keeps the first ones, so it gets none. */
const withoutProps = (ctx: ExecutionContext): ExecutionContext => ({
  props: {},
  exports: ctx.exports,
  tracing: ctx.tracing,
  waitUntil: (work) => ctx.waitUntil(work),
  passThroughOnException: () => ctx.passThroughOnException(),
  abort: (reason) => ctx.abort(reason),
})
