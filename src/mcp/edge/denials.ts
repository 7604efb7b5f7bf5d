import { z } from 'zod'
import { NO_TOKEN } from '#users/calls/calls.ts'
import type { CallProblem } from '../calls/tool-denial.ts'
import { failure } from '../calls/tool-result.ts'
import type { PolicyDenial } from '#policy/policy.ts'
import {
  answerDenial,
  answerToolResult,
  errorCode,
  jsonRpcError,
  readDenial,
  RETRY_AFTER_SECONDS,
} from '../json-rpc-error.ts'
import type { McpProduct } from '../product.ts'
import { type Id, type MethodMessage, parsedJson, RequestId } from './read-message.ts'

/**
 * The HTTP status of a call that lost its downstream token before its answer began: clients sign in again only on 401 and
 * retry only on 503. null for other problems.
 * @step tool-call 8 401 and 503 instead of 200
 */
export function answerStop(problem: CallProblem, { audience }: { audience: string }): Response | null {
  if (problem.reason === 'ended') {
    // RFC 6750 §3.1 and RFC 9728 §5.1, with the same metadata URL as the resource server's challenge.
    const { origin, pathname } = new URL(audience)
    const metadata = `${origin}/.well-known/oauth-protected-resource${pathname}`
    return jsonRpcError(401, errorCode.refused, 'This access has ended. Sign in again to use this server.', {
      'www-authenticate': `Bearer realm="OAuth", error="invalid_token", resource_metadata="${metadata}"`,
    })
  }
  if (problem.reason !== 'not_started') return null
  const words = problem.isLasting === true ? NO_TOKEN : 'This call could not be started. Try again later.'
  return jsonRpcError(503, errorCode.refused, words, { 'retry-after': String(problem.retryAfterSeconds) })
}

/**
 * The answer to a request that policy does not let through; null as `message`: it is a GET. Never 403, which clients read
 * as a challenge for scopes. An outage is 503, so that nobody reads it as a denial (invariant 10).
 */
export function answerPolicy(
  denial: PolicyDenial,
  message: (MethodMessage & { id: Id }) | null,
  { server, words }: Pick<McpProduct, 'server' | 'words'>,
): Response {
  const problem: CallProblem = { reason: 'policy', denial }
  const { code, message: says } = readDenial(problem, words)
  const retry = { 'retry-after': String(RETRY_AFTER_SECONDS) }
  if (denial.reason === 'policy_unavailable') return jsonRpcError(503, code, says, retry)
  // A user who may not connect has no stream here (MCP 2025-11-25 Transports, Listening for Messages).
  if (message === null && denial.reason === 'policy_no_access')
    return jsonRpcError(405, code, says, { allow: 'POST' })
  if (message === null)
    return jsonRpcError(503, code, says, { 'retry-after': String(SWITCHED_OFF_RETRY_SECONDS) })
  return message.method === 'tools/call'
    ? answerToolResult(message.id, failure(problem, null, words), server)
    : answerDenial(message.id, readDenial(problem, words))
}

const SWITCHED_OFF_RETRY_SECONDS = 60

const OAuthError = z.object({ error_description: z.string() })
const JsonRpc = z.object({ jsonrpc: z.literal('2.0') })

/**
 * Gives the resource server's 401, 429 and 503 a body that MCP clients read: some show only the body. It reveals no more than
 * the challenge does. A JSON-RPC body stays as it is.
 */
export async function explainDenial(answer: Response): Promise<Response> {
  const { status, headers } = answer
  if (status !== 401 && status !== 429 && status !== 503) return answer
  const text = await answer.text()
  const isJson = headers.get('content-type')?.startsWith('application/json') === true
  const body: unknown = isJson ? JSON.parse(text) : null
  const why = OAuthError.safeParse(body).data?.error_description
  const words = status === 401 ? sayChallenge(headers.get('www-authenticate'), why) : why
  return words === undefined || JsonRpc.safeParse(body).success
    ? new Response(text, answer)
    : withError(answer, words)
}

const sayChallenge = (challenge: string | null, why: string | undefined): string =>
  challenge?.includes('error="invalid_token"') === true
    ? `${why === undefined ? 'This access is not valid any more.' : `${why}.`} ${AGAIN}`
    : SIGN_IN

const SIGN_IN =
  'Sign in to use this server: your MCP client opens a browser for it. If it does not, connect to this server again in ' +
  'the client and choose to sign in.'
const AGAIN =
  'Sign in again to use this server: your MCP client opens a browser for it. If it does not, remove its login and connect again.'

/** The same answer with a JSON-RPC error as its body, which some clients show to their model. */
export const withError = (answer: Response, message: string, data?: object): Response =>
  withBody(answer, { jsonrpc: '2.0', id: null, error: { code: errorCode.refused, message, data } })

function withBody({ status, headers: given }: Response, body: object): Response {
  const headers = new Headers(given)
  headers.delete('content-length')
  // The session library sends some errors as plain text.
  headers.set('content-type', 'application/json')
  return Response.json(body, { status, headers })
}

const WithId = z.object({ method: z.string(), id: RequestId })
const ErrorWithoutId = z.looseObject({ jsonrpc: z.literal('2.0'), id: z.null(), error: z.unknown() })

/**
 * MCP 2026-07-28 Base Protocol, Error Responses (also in older revisions): an error carries the id of its request when
 * that is readable. Answers from before a transport, and those of the session library, lack it.
 */
export async function echoId(response: Response, message: unknown): Promise<Response> {
  const request = WithId.safeParse(message)
  if (response.status < 400 || response.body === null || !request.success) return response
  const text = await response.text()
  const unnamed = ErrorWithoutId.safeParse(parsedJson(text))
  return unnamed.success
    ? withBody(response, { ...unnamed.data, id: request.data.id })
    : new Response(text, response)
}
