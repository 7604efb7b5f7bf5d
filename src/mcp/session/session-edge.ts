import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js'
import type { McpSettings, ServedCall, UserApi } from '../deps.ts'
import type { McpProduct } from '../product.ts'
import { passAnswer, passListening } from '../edge/answer-pass.ts'
import { findWrongParams } from '../edge/read-message.ts'
import { report, shortHashOf } from '../edge/request-log.ts'
import { answerDenial, errorCode, jsonRpcError, SPEAKS_STREAMABLE_HTTP } from '../json-rpc-error.ts'
import type { Reads } from '../lists/reads.ts'
import { sessionLibrary } from './session.ts'
import {
  CALL_HEADER,
  openSessionId,
  PRINCIPAL_HEADER,
  SESSION_HEADER,
  signSessionId,
  writeCall,
  writePrincipal,
} from './headers.ts'
import { lostAnswer, sessionObject, toInternal } from './session-object.ts'
import { answerSubscription } from './subscribe.ts'

/** A request of the session transport, and what answers it. */
interface SessionRequest extends ServedCall {
  settings: McpSettings
  userApi: UserApi
  product: McpProduct
  reads: Reads
  /** A test entry adds tools to those of the product. */
  isExtended: boolean
}

/**
 * The edge of the session transport. The library finds a session by its id alone and runs it as the user who opened it.
 * So each id carries a MAC for its owner, and the principal comes from the request.
 * @step tool-call 1 session transport: the owner of the session
 */
export async function serveSession(call: SessionRequest): Promise<Response> {
  const { env, ctx, principal, arrival, userApi, product, begun } = call
  const { forwarded: request, envelope } = arrival
  const session = await findSession(call)
  if (session instanceof Response) return session
  // The user's object ends the session's object, with retries. A session off its list is unreachable.
  if (session !== null && request.method === 'DELETE') {
    await userApi.closeSession(session)
    return new Response(null, { status: 204 })
  }
  const asked = envelope?.kind === 'request' ? envelope.message : null
  if (asked !== null) {
    const wrong = findWrongParams('session', asked, call.isExtended ? null : product.tools, principal)
    if (wrong !== null) return answerDenial(asked.id, wrong)
  }
  if (session !== null && asked !== null) {
    const subscriber = { principal, session, words: product.words, userApi }
    const answer = await answerSubscription(call.reads, asked, subscriber, ctx.auth)
    if (answer !== null) return answer
  }
  const transaction = begun?.transaction ?? crypto.randomUUID()
  const internal =
    envelope &&
    (await toInternal(envelope, transaction, async (id) =>
      session === null ? [] : sessionObject(env, session).runningAs(id, principal.grant),
    ))
  if (envelope !== null && internal === null) return new Response(null, { status: 202 })
  if (session !== null) request.headers.set(SESSION_HEADER, session)
  request.headers.set(PRINCIPAL_HEADER, writePrincipal(principal))
  if (begun !== undefined && session !== null && internal !== null) {
    const { message } = internal
    const { rootKeys } = call.settings
    request.headers.set(
      CALL_HEADER,
      await writeCall(rootKeys, session, { ...begun, message }, call.token.nowSeconds()),
    )
    // The library writes the message into a header, which the platform may show: so it gets one without arguments.
    internal.message = { jsonrpc: message['jsonrpc'], id: message['id'], method: message['method'] }
  }
  const { response, opened } = await forward(call, session, internal)
  if (opened === null) return response
  if (session === null && !response.ok) {
    ctx.waitUntil(abandon(env, userApi, opened))
    return response
  }
  const headers = new Headers(response.headers)
  headers.set(SESSION_HEADER, await signSessionId(call.settings.sessionKeys, opened, principal))
  // MCP 2026-07-28 Transports, Receiving: a proxy must not buffer a stream.
  if (headers.get('content-type') === 'text/event-stream') headers.set('x-accel-buffering', 'no')
  return new Response(response.body, { status: response.status, headers })
}

/** The session of a request; null: it begins one. Otherwise the denial. */
async function findSession(call: SessionRequest): Promise<string | null | Response> {
  const { arrival, answer, principal, settings } = call
  const { forwarded: request, envelope } = arrival
  const isInitialize = envelope?.kind === 'request' && envelope.message.method === 'initialize'
  const signed = request.headers.get(SESSION_HEADER)
  const named = signed === null ? null : await openSessionId(settings.sessionKeys, signed, principal)
  const session = answer.session === 'open' ? named : null
  if (session === null && signed !== null) {
    // MCP 2025-11-25 Transports, Session Management: 404 makes a client start over; the same for another user's id.
    // A client may start over with its old id still in the header.
    if (!isInitialize) return jsonRpcError(404, errorCode.sessionNotFound, 'Session not found')
    request.headers.delete(SESSION_HEADER)
  }
  if (isInitialize) return session === null ? null : jsonRpcError(400, errorCode.invalidRequest, ALREADY_OPEN)
  // MCP 2025-11-25 Transports, Protocol Version Header.
  const revision = request.headers.get('mcp-protocol-version')
  if (revision !== null && !SUPPORTED_PROTOCOL_VERSIONS.includes(revision))
    return jsonRpcError(400, errorCode.invalidRequest, UNKNOWN_REVISION)
  // A client of the old transport begins with a GET.
  const words = request.method === 'GET' ? SPEAKS_STREAMABLE_HTTP : NO_SESSION
  return session ?? jsonRpcError(400, errorCode.transport, words)
}

const ALREADY_OPEN =
  'This session is open. To begin another one, send initialize without Mcp-Session-Id. Nothing was done.'
const UNKNOWN_REVISION = 'This revision of the protocol has no sessions here.'
const NO_SESSION = 'Mcp-Session-Id is missing. Begin with initialize. Nothing was done.'

/** Sends a message to the session's object, and passes its answer on. `opened`: the session that answered. */
async function forward(
  { env, ctx, principal, arrival, userApi, product, onTaken, token, line }: SessionRequest,
  session: string | null,
  internal: Awaited<ReturnType<typeof toInternal>>,
): Promise<{ response: Response; opened: string | null }> {
  const { forwarded: request, envelope, wanted } = arrival
  const id = envelope?.kind === 'request' ? envelope.message.id : null
  const lost = lostAnswer(id, wanted?.isTool === true ? wanted.act : undefined, product.words)
  const message =
    internal === null
      ? request
      : new Request(request, { method: 'POST', body: JSON.stringify(internal.message) })
  let opened: string | null = null
  try {
    const answer = await sessionLibrary.fetch(message, env, withoutProps(ctx))
    // Only a 4xx says that the object did not take the message.
    if (answer.ok || answer.status >= 500) onTaken()
    opened = answer.headers.get(SESSION_HEADER)
    // Stored with its user before the client gets the id, so that ending the grant ends the session.
    if (session === null && opened !== null) {
      const { network, agent } = arrival.origin
      const from = { session: await shortHashOf(opened), network, agent }
      await userApi.openSession(opened, principal.grant, principal.client, from)
    }
    if (answer.status >= 500)
      return { response: lost.response(new Error(`the library answered ${answer.status}`)), opened }
    if (request.method === 'GET' && answer.ok) return { response: passListening(answer, token), opened }
    const pass = { token, ids: internal?.ids ?? null, line, lost: id === null ? null : lost }
    return { response: await passAnswer(answer, pass), opened }
  } catch (error) {
    // The object may have taken the message before it died: the outcome of a call is then unknown (invariant 7).
    onTaken()
    return { response: lost.response(error), opened }
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
