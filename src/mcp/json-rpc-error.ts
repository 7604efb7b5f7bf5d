/** Codes of JSON-RPC 2.0 §5.1, and those that MCP servers use for a session or a resource that does not exist. */
export const errorCode = {
  parse: -32700,
  invalidRequest: -32600,
  invalidParams: -32602,
  internal: -32603,
  sessionNotFound: -32001,
  /** MCP 2025-11-25 Resources, Error Handling; 2026-07-28 says -32602 for it. */
  resourceNotFound: -32002,
  /** Ours, hence outside what JSON-RPC reserves (MCP 2026-07-28 Base Protocol, Error Codes). */
  refused: -31_000,
} as const

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

/** As the lanes answer a request that they have read: the error is in the message, not in the status. */
export const answerRefusal = (id: string | number, { code, message }: { code: number; message: string }) =>
  Response.json(
    { jsonrpc: '2.0', id, error: { code, message } },
    { headers: { 'cache-control': 'no-store' } },
  )

/** Soon: an object that died is there again at the next message. */
const RETRY_AFTER_SECONDS = 5

/** Something of ours did not answer: a client waits and asks again, and signs nobody out for it (invariant 10). */
export const answerOutage = () =>
  jsonRpcError(503, errorCode.refused, 'This server could not answer. Try again later.', {
    'retry-after': String(RETRY_AFTER_SECONDS),
  })
