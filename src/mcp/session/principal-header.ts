import { fromBase64Url, toBase64Url } from '#lib/hash.ts'
import { Principal } from '#principal.ts'

/**
 * Carries the principal of a request to the session's object. Only session-edge.ts writes it, and forward-request.ts
 * drops a header of this name from outside. It comes with each request and is never stored: the library would write
 * props to storage, where they would outlive their bearer.
 */
export const PRINCIPAL_HEADER = 'x-mcp-principal'

export const writePrincipal = (principal: Principal): string =>
  toBase64Url(new TextEncoder().encode(JSON.stringify(principal)))

/** Throws on a missing or invalid header, because only the edge can reach this code. */
export function readPrincipal(header: unknown): Principal {
  if (typeof header !== 'string') throw new Error('a request without a principal reached a session')
  return Principal.parse(JSON.parse(new TextDecoder().decode(fromBase64Url(header))))
}
