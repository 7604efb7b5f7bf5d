import { SERVER_INFO_META_KEY } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { DenialWords, McpProduct } from './product.ts'
import { policyFacts } from './calls/policy-denial.ts'
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

/** Marks an error whose sentence is our own; `cleanError` removes the mark. */
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

export const RETRY_AFTER_SECONDS = 5

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

/** The denial of a read. */
export function readDenial(problem: CallProblem, words: DenialWords, transaction?: string): RpcDenial {
  const code =
    problem.reason === 'bad_input'
      ? errorCode.invalidParams
      : problem.reason === 'policy'
        ? errorCode.refused
        : errorCode.internal
  const decided = problem.reason === 'policy' ? policyFacts(problem.denial) : {}
  const named = transaction === undefined ? {} : { transaction }
  return new RpcDenial(code, sayDenial(problem, words), { ...named, ...decided })
}

const Failed = z.looseObject({
  jsonrpc: z.literal('2.0'),
  error: z.object({
    code: z.int(),
    message: z.string(),
    data: z.record(z.string(), z.unknown()).optional().catch(undefined),
  }),
  result: z.undefined().optional(),
  method: z.undefined().optional(),
})

/**
 * Replaces the SDKs' error sentences (invariant 9): both SDKs echo a client's names, revisions and headers in them. Our
 * own errors carry a mark in their data; any other error keeps its code and gets our sentence. null: the message stays.
 */
export function cleanError(message: unknown, status: number): object | null {
  const failed = Failed.safeParse(message)
  if (!failed.success) return null
  const { code, message: words, data = {} } = failed.data.error
  const { [OWN_WORDS]: isOurs, ...rest } = data
  const kept = isOurs === true ? rest : knownData(code, data)
  const error = {
    code,
    message: isOurs === true ? words : wordsFor(code, status),
    ...(Object.keys(kept).length === 0 ? {} : { data: kept }),
  }
  return { ...failed.data, error }
}

/** The data that the revision requires of an error; of the client's text at most a date or a number. */
const KEPT_DATA: Readonly<Record<number, readonly z.ZodObject[]>> = {
  [errorCode.unsupportedRevision]: [
    z.object({ supported: z.array(z.string()) }),
    z.object({ requested: z.string().regex(/^v?\d[\d.-]{0,15}$/) }),
  ],
  [errorCode.missingCapability]: [z.object({ requiredCapabilities: z.record(z.string(), z.unknown()) })],
  [errorCode.invalidParams]: [z.object({ reason: z.literal('invalid_request_state') })],
}

const knownData = (code: number, data: object): Record<string, unknown> =>
  Object.fromEntries(
    (KEPT_DATA[code] ?? []).flatMap((kept) => Object.entries(kept.safeParse(data).data ?? {})),
  )

const WORDS: Readonly<Record<number, string>> = {
  [errorCode.parse]: 'The body is not a message of JSON-RPC 2.0. Nothing was done.',
  [errorCode.invalidRequest]: 'This is not a request that this server takes. Nothing was done.',
  [errorCode.methodNotFound]: 'Method not found: this server has no such method in this revision of MCP.',
  [errorCode.invalidParams]:
    'The parameters, or what _meta says, are not what this method takes. Correct them; trying again as it is does not help.',
  [errorCode.sessionNotFound]: 'Session not found',
  [errorCode.headerMismatch]:
    'The headers MCP-Protocol-Version, Mcp-Method and Mcp-Name do not say what the body says. Nothing was done.',
  [errorCode.missingCapability]: 'This needs a capability that the client did not declare. Nothing was done.',
  [errorCode.unsupportedRevision]: 'This server does not speak this revision of MCP. Nothing was done.',
}

const BY_STATUS: Readonly<Record<number, string>> = {
  405: 'Method not allowed.',
  406: 'The Accept header must name text/event-stream and, for a POST, application/json. Nothing was done.',
  413: 'The message is too large. Nothing was done.',
  415: 'The content type must be application/json.',
}

const wordsFor = (code: number, status: number): string =>
  WORDS[code] ?? BY_STATUS[status] ?? 'This request was refused. Trying again as it is does not help.'
