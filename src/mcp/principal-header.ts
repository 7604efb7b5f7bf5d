import { fromBase64Url, toBase64Url } from '#lib/hash.ts'
import { Principal } from '#principal.ts'

/**
 * How the principal of a request reaches a session's object. Only endpoint.ts writes it, and it forwards no
 * header of this name from outside. It travels with each request and is never kept: the library's props would
 * be written to storage and would outlive the bearer that they came with.
 */
export const PRINCIPAL_HEADER = 'x-mcp-principal'

export const writePrincipal = (principal: Principal): string =>
  toBase64Url(new TextEncoder().encode(JSON.stringify(principal)))

/** Throws when the header is not there or not ours: nothing but the edge can reach this code. */
export function readPrincipal(header: unknown): Principal {
  if (typeof header !== 'string') throw new Error('a request without a principal reached a session')
  return Principal.parse(JSON.parse(new TextDecoder().decode(fromBase64Url(header))))
}
