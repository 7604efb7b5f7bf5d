/** The only client headers that a transport may see. */
const FORWARDED = new Set([
  'accept',
  'content-type',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  // For the call record only (idempotency.ts).
  'traceparent',
  'user-agent',
])

const isForwarded = (name: string) => FORWARDED.has(name) || name.startsWith('mcp-param-')

/**
 * The request as a transport sees it. It uses an allowlist: the library controls its objects by headers (`x-agents-…`,
 * `cf-mcp-…`, `upgrade`) and by the query (`_pk`), the principal is a header too, and the bearer must stay at the edge.
 */
export function forwardRequest(request: Request, body: string | null): Request {
  const headers = new Headers([...request.headers].filter(([name]) => isForwarded(name)))
  const { origin, host, pathname } = new URL(request.url)
  // The SDK checks Host on localhost; http/guards.ts has checked the origin of the URL.
  headers.set('host', host)
  const accepted = acceptedBy(request)
  if (accepted !== null) headers.set('accept', accepted)
  if (request.method === 'POST') headers.set('content-type', 'application/json')
  return new Request(origin + pathname, { method: request.method, headers, body, signal: request.signal })
}

const [JSON_TYPE, EVENTS] = ['application/json', 'text/event-stream']

/**
 * The Accept header that both SDKs compare as text, if the client's has the same meaning (RFC 9110 §12.5.1: media ranges in
 * any case, and no header means any type). null: it lacks a type that MCP requires, and the transport decides.
 */
function acceptedBy({ method, headers }: Request): string | null {
  const required = method === 'POST' ? [JSON_TYPE, EVENTS] : [EVENTS]
  const given = headers.get('accept')?.trim() ?? ''
  const ranges = given
    .split(',')
    .filter((range) => !/;\s*q=0(?:\.0*)?\s*(?:;|$)/i.test(range))
    .map((range) => range.split(';')[0]?.trim().toLowerCase() ?? '')
  const takes = (type: string) =>
    [type, '*/*', `${type.slice(0, type.indexOf('/'))}/*`].some((range) => ranges.includes(range))
  return given === '' || required.every(takes) ? required.join(', ') : null
}

/** Far above what clients send. In a session the message is a header too (read-message.ts). */
export const MOST_HEADER_BYTES = 8_192

export const headerBytes = ({ headers }: Request): number =>
  [...headers].reduce((sum, [name, value]) => sum + name.length + value.length, 0)
