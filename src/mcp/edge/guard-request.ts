import { SPEAKS_STREAMABLE_HTTP, errorCode, jsonRpcError } from '../json-rpc-error.ts'
import type { CountDenial } from '#events/denial-count.ts'
import type { Failures } from '#limits/failures.ts'

const METHODS = ['POST', 'GET', 'DELETE', 'OPTIONS']

// Listed by name: `*` never covers Authorization (Fetch §4.9), and some browsers read it as a name. It covers the
// headers that mirror tool parameters (`Mcp-Param-…`, MCP 2026-07-28 Transports).
const ALLOWED_HEADERS =
  'Authorization, Content-Type, Accept, Last-Event-ID, Mcp-Method, Mcp-Name, MCP-Protocol-Version, Mcp-Session-Id, ' +
  'traceparent, *'

/**
 * Checks path, origin and method; null means pass. The origin guard in compose.ts checks the host before, the resource server
 * checks the bearer after.
 * @step tool-call 1 origin and method
 */
export function guardMcpRequest(
  request: Request,
  { publicOrigin, allowedOrigins }: { publicOrigin: string; allowedOrigins: readonly string[] },
): Response | null {
  if (new URL(request.url).pathname !== '/mcp') return jsonRpcError(404, errorCode.refused, 'Not found')
  // MCP 2026-07-28 Transports, Security Warning: an invalid Origin is 403 (DNS rebinding). Only browsers send one.
  const origin = request.headers.get('origin')
  if (origin !== null && origin !== publicOrigin && !allowedOrigins.includes(origin)) {
    return jsonRpcError(403, errorCode.refused, 'This origin is not allowed.')
  }
  if (request.method === 'OPTIONS' && origin !== null) return answerPreflight(origin)
  if (isOldTransport(request)) {
    return jsonRpcError(405, errorCode.refused, SPEAKS_STREAMABLE_HTTP, { allow: 'POST', ...corsOf(origin) })
  }
  if (METHODS.includes(request.method)) return null
  return jsonRpcError(405, errorCode.refused, 'Method not allowed.', { allow: METHODS.join(', ') })
}

/**
 * Recognizes MCP 2024-11-05 (HTTP+SSE), which opens with a GET for events. Without this check its user would sign in
 * before the client learns that the transport is not supported. Later clients name a session or a revision.
 * MCP 2025-11-25 Transports, Listening for Messages: 405 without a stream. A request with a bearer is answered after it.
 */
const isOldTransport = ({ method, headers }: Request): boolean =>
  method === 'GET' &&
  headers.get('accept')?.includes('text/event-stream') === true &&
  !['authorization', 'mcp-session-id', 'mcp-protocol-version'].some((name) => headers.has(name))

/** CORS headers; the origin must have passed the guard. */
const corsOf = (origin: string | null): Record<string, string> =>
  origin === null
    ? {}
    : {
        'access-control-allow-origin': origin,
        'access-control-expose-headers': 'Retry-After',
        vary: 'Origin',
      }

/** Answers a path close to /mcp with the exact address. */
export const answerOtherPath = (resource: string): Response =>
  jsonRpcError(
    404,
    errorCode.refused,
    `The address of this server is ${resource}, exactly so. Nothing was done.`,
  )

/** The library would allow every origin; only a checked origin reaches this. */
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

// The same grammar as the library's, so that every token is limited.
const BEARER = /^Bearer[\t ]+([^\s,]+)$/i

interface BearerLimits {
  failures: Failures
  isRetired: (token: string) => boolean
  countDenial: CountDenial
}

/**
 * Limits failed bearers and sessions of a grant by network, before the bearer is looked up. A request without a bearer
 * is not a failure: every connection begins with one, to get the challenge.
 */
export async function limitBearer(
  request: Request,
  { failures, isRetired, countDenial }: BearerLimits,
  ask: () => Promise<Response>,
): Promise<Response> {
  const tooMany = (waitSeconds: number) => {
    countDenial('network.limited')
    return jsonRpcError(429, errorCode.refused, 'Too many requests. Nothing was done. Try again later.', {
      'retry-after': String(waitSeconds),
      ...corsOf(request.headers.get('origin')),
    })
  }
  const token = BEARER.exec(request.headers.get('authorization') ?? '')?.[1]
  if (token === undefined) return ask()
  return failures.limitToken({ request, token, isRetired: isRetired(token) }, ask, tooMany)
}
