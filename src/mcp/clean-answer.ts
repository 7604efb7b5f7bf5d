import { z } from 'zod'
import { errorCode, OWN_WORDS } from './json-rpc-error.ts'

/** The internal id of a request and the id that its client sent. */
export interface IdMapping {
  internal: string
  external: string | number
}

const Failed = z.looseObject({
  jsonrpc: z.literal('2.0'),
  error: z.object({
    code: z.int(),
    message: z.string(),
    data: z.record(z.string(), z.unknown()).optional().catch(undefined),
  }),
  result: z.undefined().optional(),
  method: z.undefined().optional(),
})

/**
 * Replaces the SDKs' error sentences (invariant 9): both SDKs echo a client's names, revisions and headers in them. Our
 * own errors carry a mark in their data; any other error keeps its code and gets our sentence.
 */
export async function cleanAnswer(response: Response, ids: IdMapping | null = null): Promise<Response> {
  const { status, body } = response
  if (body === null) return response
  const clean = (message: string) => cleanMessage(message, status, ids)
  if (response.headers.get('content-type') !== 'text/event-stream') {
    const headers = new Headers(response.headers)
    // The session library sends its errors as plain text.
    headers.set('content-type', 'application/json')
    headers.delete('content-length')
    return new Response(clean(await response.text()), { status, headers })
  }
  return new Response(mapEvents(body, clean), response)
}

function cleanMessage(text: string, status: number, ids: IdMapping | null): string {
  const named =
    ids === null
      ? text
      : text.replace(`"id":${JSON.stringify(ids.internal)}`, () => `"id":${JSON.stringify(ids.external)}`)
  if (!named.includes('"error":')) return named
  const failed = Failed.safeParse(parsed(named))
  if (!failed.success) return named
  const { code, message, data = {} } = failed.data.error
  const { [OWN_WORDS]: isOurs, ...rest } = data
  const kept = isOurs === true ? rest : knownData(code, data)
  const error = {
    code,
    message: isOurs === true ? message : wordsFor(code, status),
    ...(Object.keys(kept).length === 0 ? {} : { data: kept }),
  }
  return JSON.stringify({ ...failed.data, error })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const Supported = z.object({ supported: z.array(z.string()) })
const Requested = z.object({ requested: z.string().regex(/^v?\d[\d.-]{0,15}$/) })
const Required = z.object({ requiredCapabilities: z.record(z.string(), z.unknown()) })
const State = z.object({ reason: z.literal('invalid_request_state') })

/** Keeps only the data that the revision requires; of the client's text at most a date or a number. */
function knownData(code: number, data: Record<string, unknown>): Record<string, unknown> {
  switch (code) {
    case errorCode.unsupportedRevision:
      return { ...Supported.safeParse(data).data, ...Requested.safeParse(data).data }
    case errorCode.missingCapability:
      return { ...Required.safeParse(data).data }
    case errorCode.invalidParams:
      return { ...State.safeParse(data).data }
    default:
      return {}
  }
}

const WORDS: Readonly<Record<number, string>> = {
  [errorCode.parse]: 'The body is not a message of JSON-RPC 2.0. Nothing was done.',
  [errorCode.invalidRequest]: 'This is not a request that this server takes. Nothing was done.',
  [errorCode.methodNotFound]: 'Method not found: this server has no such method in this revision of MCP.',
  [errorCode.invalidParams]:
    'The parameters, or what _meta says, are not what this method takes. Correct them; trying again as it is does not help.',
  [errorCode.sessionNotFound]: 'Session not found',
  [errorCode.headerMismatch]:
    'The headers MCP-Protocol-Version, Mcp-Method and Mcp-Name do not say what the body says. Nothing was done.',
  [errorCode.missingCapability]: 'This needs a capability that the client did not declare. Nothing was done.',
  [errorCode.unsupportedRevision]: 'This server does not speak this revision of MCP. Nothing was done.',
}

const BY_STATUS: Readonly<Record<number, string>> = {
  405: 'Method not allowed.',
  406: 'The Accept header must name text/event-stream and, for a POST, application/json. Nothing was done.',
  413: 'The message is too large. Nothing was done.',
  415: 'The content type must be application/json.',
}

const wordsFor = (code: number, status: number): string =>
  WORDS[code] ?? BY_STATUS[status] ?? 'This request was refused. Trying again as it is does not help.'

/** Lines of a stream end with a line feed only; U+2028 is ordinary text. */
const DATA = /(^|\n)data: ([^\n]*)/

/** The data of an event; for any other answer, the whole text. */
export const dataOf = (text: string): string => DATA.exec(text)?.[2] ?? text

/** Maps the `data` line of each event as soon as it is complete; comments pass unchanged. */
export function mapEvents(
  from: ReadableStream<Uint8Array>,
  map: (message: string) => string,
  onEnd: () => void = () => {},
): ReadableStream<Uint8Array> {
  const reader = from.getReader()
  const [decoder, encoder] = [new TextDecoder(), new TextEncoder()]
  let text = ''
  const mapEvent = (event: string) =>
    event.replace(DATA, (_line, start: string, data: string) => `${start}data: ${map(data)}`)
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) {
          if (text !== '') controller.enqueue(encoder.encode(mapEvent(text)))
          onEnd()
          controller.close()
          return
        }
        const events = (text + decoder.decode(value, { stream: true })).split('\n\n')
        text = events.pop() ?? ''
        if (events.length === 0) continue
        controller.enqueue(encoder.encode(events.map((event) => `${mapEvent(event)}\n\n`).join('')))
        return
      }
    },
    cancel(reason) {
      onEnd()
      return reader.cancel(reason)
    },
  })
}
