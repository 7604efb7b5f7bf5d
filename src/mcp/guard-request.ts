import { errorCode, jsonRpcError } from './json-rpc-error.ts'

const METHODS = ['POST', 'GET', 'DELETE', 'OPTIONS']

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
  if (METHODS.includes(request.method)) return null
  return jsonRpcError(405, errorCode.refused, 'Method not allowed.', { allow: METHODS.join(', ') })
}
