/** Codes of JSON-RPC 2.0 §5.1, and those that MCP servers use for a session or a resource that does not exist. */
export const errorCode = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** The usual code for a request that the transport itself refuses. */
  transport: -32_000,
  sessionNotFound: -32001,
  /** MCP 2025-11-25 Resources, Error Handling; 2026-07-28 says -32602 for it. */
  resourceNotFound: -32002,
  /** MCP 2026-07-28 Base Protocol, Error Codes. */
  headerMismatch: -32_020,
  missingCapability: -32_021,
  unsupportedRevision: -32_022,
  /** Ours, hence outside what JSON-RPC reserves (MCP 2026-07-28 Base Protocol, Error Codes). */
  refused: -31_000,
} as const

/** For a GET without a session, with which a client of the older transport begins. */
export const SPEAKS_STREAMABLE_HTTP =
  'This server speaks the Streamable HTTP transport of MCP at this address: begin with POST. The older HTTP+SSE ' +
  'transport is not supported; choose Streamable HTTP ("http") in the settings of the client.'

/** In the data of an error that leaves a transport: its sentence is ours. clean-answer.ts looks for it and removes it. */
export const OWN_WORDS = 'own-words'

/** An error whose request is not read yet: JSON-RPC 2.0 §5 wants null then. Once it is, echo-id.ts puts its id in. */
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

/** As the transports answer a request that they have read: the error is in the message, not in the status. */
export const answerDenial = (id: string | number, { code, message }: { code: number; message: string }) =>
  Response.json(
    { jsonrpc: '2.0', id, error: { code, message } },
    { headers: { 'cache-control': 'no-store' } },
  )

/** The same for a result. */
export const answerResult = (id: string | number, result: object) =>
  Response.json({ jsonrpc: '2.0', id, result }, { headers: { 'cache-control': 'no-store' } })

/** Soon: an object that died is there again at the next message. */
const RETRY_AFTER_SECONDS = 5

/** Something of ours did not answer: a client waits and asks again, and signs nobody out for it (invariant 10). */
export const answerOutage = () =>
  jsonRpcError(503, errorCode.refused, 'This server could not answer. Try again later.', {
    'retry-after': String(RETRY_AFTER_SECONDS),
  })
