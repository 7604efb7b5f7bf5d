import { SERVER_INFO_META_KEY } from '@modelcontextprotocol/server'
import type { DenialWords, McpProduct } from './product.ts'
import { type CallProblem, sayDenial } from './calls/tool-denial.ts'
import type { ToolResult } from './calls/tool-result.ts'

/** Codes of JSON-RPC 2.0 §5.1, of MCP, and one of our own. */
export const errorCode = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** The usual code for a request that a transport refuses. */
  transport: -32_000,
  sessionNotFound: -32001,
  /** MCP 2025-11-25 Resources, Error Handling; 2026-07-28 says -32602 for it. */
  resourceNotFound: -32002,
  /** MCP 2026-07-28 Base Protocol, Error Codes. */
  headerMismatch: -32_020,
  missingCapability: -32_021,
  unsupportedRevision: -32_022,
  /** Our own, outside the range that JSON-RPC reserves (MCP 2026-07-28 Base Protocol, Error Codes). */
  refused: -31_000,
} as const

/** Answers a GET without a session: a client of the older transport begins with one. */
export const SPEAKS_STREAMABLE_HTTP =
  'This server speaks the Streamable HTTP transport of MCP at this address: begin with POST. The older HTTP+SSE ' +
  'transport is not supported; choose Streamable HTTP ("http") in the settings of the client.'

/** Marks an error whose sentence is our own; edge/clean-message.ts removes the mark. */
export const OWN_WORDS = 'own-words'

/** An error before the request is read: JSON-RPC 2.0 §5 requires a null id. `echoId` fills it in later. */
export const jsonRpcError = (
  status: number,
  code: number,
  message: string,
  headers?: Record<string, string>,
) =>
  Response.json(
    { jsonrpc: '2.0', id: null, error: { code, message } },
    { status, headers: { 'cache-control': 'no-store', ...headers } },
  )

/** An error with HTTP 200, as the transports answer a valid request. */
export function answerDenial(id: string | number, { code, message, data }: RpcDenial): Response {
  const { [OWN_WORDS]: _mark, ...facts } = data
  const error = { code, message, ...(Object.keys(facts).length === 0 ? {} : { data: facts }) }
  return Response.json({ jsonrpc: '2.0', id, error }, { headers: { 'cache-control': 'no-store' } })
}

export const answerResult = (id: string | number, result: object) =>
  Response.json({ jsonrpc: '2.0', id, result }, { headers: { 'cache-control': 'no-store' } })

/**
 * A tool's result that no SDK has written. MCP 2026-07-28 requires `resultType` in every result and recommends the server
 * info; older revisions ignore both.
 */
export const answerToolResult = (id: string | number, result: ToolResult, server: McpProduct['server']) =>
  answerResult(id, {
    resultType: 'complete',
    ...result,
    _meta: { ...result._meta, [SERVER_INFO_META_KEY]: server },
  })

const RETRY_AFTER_SECONDS = 5

/** An outage is 503 with Retry-After, so that it signs nobody out (invariant 10). */
export const answerOutage = () =>
  jsonRpcError(503, errorCode.refused, 'This server could not answer. Try again later.', {
    'retry-after': String(RETRY_AFTER_SECONDS),
  })

/** A denial that a handler throws: both SDKs turn an error with these fields into a JSON-RPC error. */
export class RpcDenial extends Error {
  readonly code: number
  readonly data: Record<string, unknown>

  constructor(code: number, message: string, data: Record<string, unknown> = {}) {
    super(message)
    this.code = code
    this.data = { ...data, [OWN_WORDS]: true }
  }
}

/** Lists have one page, so every cursor is invalid (MCP 2026-07-28 Pagination, Error Handling). */
export function refuseCursor(params: { cursor?: unknown } | undefined): void {
  if (params?.cursor !== undefined) throw new RpcDenial(errorCode.invalidParams, 'This cursor leads nowhere.')
}

/** The denial of a read. */
export function readDenial(problem: CallProblem, words: DenialWords, transaction?: string): RpcDenial {
  const code = problem.reason === 'bad_input' ? errorCode.invalidParams : errorCode.internal
  return new RpcDenial(code, sayDenial(problem, words), transaction === undefined ? {} : { transaction })
}
