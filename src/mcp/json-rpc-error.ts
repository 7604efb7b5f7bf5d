/** Codes of JSON-RPC 2.0 §5.1, and the one that MCP servers use for a session that does not exist. */
export const errorCode = {
  parse: -32700,
  invalidRequest: -32600,
  sessionNotFound: -32001,
  refused: -32000,
} as const

/** An error for a request whose id is not known or not trusted: JSON-RPC 2.0 §5 wants null then. */
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

/** Soon: an object that died is there again at the next message. */
const RETRY_AFTER_SECONDS = 5

/** Something of ours did not answer: a client waits and asks again, and signs nobody out for it (invariant 10). */
export const answerOutage = () =>
  jsonRpcError(503, errorCode.refused, 'This server could not answer. Try again later.', {
    'retry-after': String(RETRY_AFTER_SECONDS),
  })
