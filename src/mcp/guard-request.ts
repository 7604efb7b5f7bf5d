import { errorCode, jsonRpcError, SPEAKS_STREAMABLE_HTTP } from './json-rpc-error.ts'

const METHODS = ['POST', 'GET', 'DELETE', 'OPTIONS']

// By name: `*` never means Authorization (Fetch §4.9), and some browsers take it for a name. It is there for the
// headers that parameters of tools are mirrored in (`Mcp-Param-…`, MCP 2026-07-28 Transports).
const ALLOWED_HEADERS =
  'Authorization, Content-Type, Accept, Last-Event-ID, Mcp-Method, Mcp-Name, MCP-Protocol-Version, Mcp-Session-Id, ' +
  'traceparent, *'

/**
 * What must hold before anyone looks at the bearer; null means go on. The host was checked before (the origin
 * guard in compose.ts); the bearer is checked after.
 */
export function guardMcpRequest(
  request: Request,
  { publicOrigin, allowedOrigins }: { publicOrigin: string; allowedOrigins: readonly string[] },
): Response | null {
  // MCP 2026-07-28 Transports, Security Warning: a present and invalid Origin is 403 (DNS rebinding). Clients
  // that are not browsers send none.
  const origin = request.headers.get('origin')
  if (origin !== null && origin !== publicOrigin && !allowedOrigins.includes(origin)) {
    return jsonRpcError(403, errorCode.refused, 'This origin is not allowed.')
  }
  if (request.method === 'OPTIONS' && origin !== null) return answerPreflight(origin)
  if (isOfOldTransport(request)) {
    return jsonRpcError(405, errorCode.refused, SPEAKS_STREAMABLE_HTTP, { allow: 'POST', ...corsOf(origin) })
  }
  if (METHODS.includes(request.method)) return null
  return jsonRpcError(405, errorCode.refused, 'Method not allowed.', { allow: METHODS.join(', ') })
}

/**
 * A client of MCP 2024-11-05 (HTTP+SSE) opens with a GET for events. Without this check its user would sign in first
 * and then see that the transport is not supported. Later clients name a session or a revision when they open a stream.
 * MCP 2025-11-25 Transports, Listening for Messages: 405 without a stream. With a bearer the answer comes after its check.
 */
const isOfOldTransport = ({ method, headers }: Request): boolean =>
  method === 'GET' &&
  headers.get('accept')?.includes('text/event-stream') === true &&
  !['authorization', 'mcp-session-id', 'mcp-protocol-version'].some((name) => headers.has(name))

/** For an origin that was checked. */
export const corsOf = (origin: string | null): Record<string, string> =>
  origin === null
    ? {}
    : {
        'access-control-allow-origin': origin,
        'access-control-expose-headers': 'Retry-After',
        vary: 'Origin',
      }

/** The exact address, for a request that is close to it. */
export const answerOtherPath = (resource: string): Response =>
  jsonRpcError(
    404,
    errorCode.refused,
    `The address of this server is ${resource}, exactly so. Nothing was done.`,
  )

/** The library would answer every preflight alike; only an origin that was checked gets this far. */
const answerPreflight = (origin: string): Response =>
  new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'POST, GET, DELETE',
      'access-control-allow-headers': ALLOWED_HEADERS,
      'access-control-max-age': '86400',
      vary: 'Origin',
    },
  })
