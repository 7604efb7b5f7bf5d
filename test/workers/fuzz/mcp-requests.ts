import fc from 'fast-check'
import { z } from 'zod'
import { oddText } from '#harness/fuzz/odd.ts'
import { parseOrUndefined } from './judge.ts'
import { bodyOf, sessionMessage, statelessMessage } from './messages.ts'
import type { FuzzRequest } from './stage.ts'

/** Valid header characters (RFC 9110 §5.5). The platform rejects most others and warns about the rest. */
export const headerText = oddText.map((text) =>
  Array.from(text, (sign) => (/^[\t\u0020-\u007e]$/.test(sign) ? sign : '?')).join(''),
)

const version = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26') },
  { weight: 1, arbitrary: fc.constantFrom('1999-01-01', '2026-07-28, 2025-11-25', '') },
  { weight: 1, arbitrary: headerText },
)
const accept = fc.constantFrom(
  'application/json, text/event-stream',
  'application/json, text/event-stream',
  'application/json, text/event-stream',
  'application/json',
  'text/event-stream',
  '*/*',
  'text/html;q=0.9',
  '',
)
const contentType = fc.constantFrom(
  'application/json',
  'application/json',
  'application/json; charset=utf-8',
  'APPLICATION/JSON',
  'text/plain',
  'multipart/form-data',
  '',
)
const stray = fc.tuple(
  fc.constantFrom(
    'mcp-param-id',
    'last-event-id',
    'origin',
    'x-agents-props',
    'cf-mcp-method',
    'x-partykit-room',
    'upgrade',
    'traceparent',
    'content-encoding',
    'idempotency-key',
    'x-http-method-override',
    'range',
    'if-none-match',
  ),
  headerText,
)

const NamedMessage = z.object({
  method: z.string(),
  params: z.object({ name: z.string().optional(), uri: z.string().optional() }).optional().catch(undefined),
})

/** The headers that revision 2026-07-28 requires for this body, if it has their fields. */
function headersFor(body: string): [string, string][] {
  const named = NamedMessage.safeParse(parseOrUndefined(body))
  if (!named.success) return []
  const { method, params } = named.data
  const name = params?.name ?? params?.uri
  return [
    ['mcp-method', encoded(method)],
    ...(name === undefined ? [] : [['mcp-name', encoded(name)] satisfies [string, string]]),
  ]
}

const encoded = (text: string): string =>
  /^[\u0021-\u007e]([\u0020-\u007e]*[\u0021-\u007e])?$/.test(text)
    ? text
    : `=?base64?${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}?=`

const who = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('writer', 'writer', 'reader') },
  { weight: 1, arbitrary: fc.constantFrom('stranger', 'nobody') },
)
const httpMethod = fc.oneof(
  { weight: 30, arbitrary: fc.constant('POST') },
  { weight: 1, arbitrary: fc.constantFrom('GET', 'DELETE', 'OPTIONS', 'PUT', 'HEAD', 'PATCH') },
)
const path = fc.oneof(
  { weight: 40, arbitrary: fc.constant('/mcp') },
  { weight: 1, arbitrary: fc.constantFrom('/mcp?_pk=x', '/mcp/', '/mcp//', '/MCP', '/mcp/sse', '/mcp%2F') },
)

export const statelessRequest: fc.Arbitrary<FuzzRequest> = fc
  .record({
    method: httpMethod,
    path,
    who,
    session: fc.constantFrom('none', 'none', 'none', 'none', 'plain', 'made-up'),
    body: bodyOf(statelessMessage),
    common: fc.tuple(
      fc.constant('mcp-protocol-version'),
      fc.oneof({ weight: 8, arbitrary: fc.constant('2026-07-28') }, { weight: 1, arbitrary: version }),
    ),
    accept,
    contentType,
    isExact: fc.boolean(),
    isFull: fc.constantFrom(true, true, true, false),
    method2: headerText,
    strays: fc.array(stray, { maxLength: 2 }),
  })
  .map(({ body, common, isExact, isFull, method2, strays, ...rest }) => ({
    method: rest.method,
    path: rest.path,
    who: rest.who,
    session: rest.session,
    body: rest.method === 'POST' || rest.method === 'PUT' || rest.method === 'PATCH' ? body : null,
    headers: [
      ...(isFull ? headersFor(body) : [['mcp-method', method2] as const]),
      common,
      ['accept', isExact ? 'application/json, text/event-stream' : rest.accept],
      ['content-type', isExact ? 'application/json' : rest.contentType],
      ...(isExact ? [] : strays),
    ],
  }))

export const sessionRequest: fc.Arbitrary<FuzzRequest> = fc
  .record({
    method: fc.oneof({ weight: 12, arbitrary: fc.constant('POST') }, { weight: 1, arbitrary: httpMethod }),
    path,
    who,
    session: fc.constantFrom('plain', 'plain', 'asking', 'asking', 'of-another', 'made-up', 'none'),
    body: bodyOf(sessionMessage),
    version,
    accept,
    contentType,
    isExact: fc.constantFrom(true, true, false),
    strays: fc.array(stray, { maxLength: 2 }),
  })
  .map(({ body, isExact, strays, ...rest }) => ({
    method: rest.method,
    path: rest.path,
    who: rest.who,
    session: rest.session,
    body: rest.method === 'POST' || rest.method === 'PUT' || rest.method === 'PATCH' ? body : null,
    headers: [
      ['mcp-protocol-version', isExact ? '2025-11-25' : rest.version],
      ['accept', isExact ? 'application/json, text/event-stream' : rest.accept],
      ['content-type', isExact ? 'application/json' : rest.contentType],
      ...(isExact ? [] : strays),
    ],
  }))
