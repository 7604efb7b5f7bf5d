/** What a transport may see of a client's headers; all others stay outside. */
const FORWARDED = new Set([
  'accept',
  'content-type',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  // As far as the record of a call, and no further (call-key.ts).
  'traceparent',
  'user-agent',
])

const isForwarded = (name: string) => FORWARDED.has(name) || name.startsWith('mcp-param-')

/**
 * The request as a transport sees it. A list of what passes, not of what is stripped: the library steers its objects
 * by headers (`x-agents-…`, `cf-mcp-…`, `upgrade`) and by the query (`_pk`), our principal is a header too, and
 * the bearer has no business beyond the edge.
 */
export function forwardRequest(request: Request, body: string | null): Request {
  const headers = new Headers([...request.headers].filter(([name]) => isForwarded(name)))
  const { origin, host, pathname } = new URL(request.url)
  // The SDK looks at it on localhost; the origin of the URL was checked first of all (http/origin-guard.ts).
  headers.set('host', host)
  return new Request(origin + pathname, { method: request.method, headers, body, signal: request.signal })
}

/** Clients need a fraction of it. In a session the message is in a header too (read-message.ts). */
export const MOST_HEADER_BYTES = 8_192

export const headerBytes = ({ headers }: Request): number =>
  [...headers].reduce((sum, [name, value]) => sum + name.length + value.length, 0)
