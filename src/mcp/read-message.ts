import { readBody } from '#http/bounded-body.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { errorCode, jsonRpcError } from './json-rpc-error.ts'

/**
 * Bounds of one message. The largest message that this server understands has 3 KB. The session library hands a message
 * to the session's object in a header as base64: 64 KiB become 88 KB, or 110 where each number is written out, which fits
 * with the other headers (forward-request.ts) under the platform's 128 KB for all of a request. Depth and members are what parsing and checking cost.
 */
export const MESSAGE_BOUNDS = { bytes: 65_536, depth: 32, members: 1_000 } as const

export interface Message {
  /** The text that came in; null where the method has no body. */
  body: string | null
  parsed: unknown
}

/** Reads the one message of a request, once and bounded. What comes back as an error is the answer to give. */
export async function readMessage(request: Request): Promise<Result<Message, Response>> {
  if (request.method !== 'POST') return ok({ body: null, parsed: undefined })
  // Exactly this type, for both transports: SDK v1 is content when the words are somewhere in it.
  const read = await readBody(request, { type: 'application/json', maxBytes: MESSAGE_BOUNDS.bytes })
  if (!read.ok)
    return read.error === 'size'
      ? no(413, errorCode.invalidRequest, TOO_LARGE)
      : no(415, errorCode.invalidRequest, 'The content type must be application/json.')
  try {
    const body = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(read.value)
    const excess = findExcess(body)
    if (excess === 'members') return no(413, errorCode.invalidRequest, TOO_MANY)
    if (excess === 'depth') return no(400, errorCode.invalidRequest, TOO_DEEP)
    const parsed: unknown = JSON.parse(body)
    // MCP 2025-06-18 removed batches. One message for each POST: every check before the transports sees all of it.
    if (Array.isArray(parsed)) return no(400, errorCode.invalidRequest, 'Batches are not supported.')
    return ok({ body, parsed })
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) {
      return no(400, errorCode.parse, 'The body is not JSON in UTF-8.')
    }
    throw error
  }
}

const TOO_LARGE = 'The message is too large: it may have 64 KiB. Nothing was done.'
const TOO_MANY = 'The message has too many members: it may have 1,000 in all. Nothing was done.'
const TOO_DEEP = 'The message is nested too deeply: it may have 32 levels. Nothing was done.'

const no = (status: number, code: number, message: string) => err(jsonRpcError(status, code, message))

const [QUOTE, BACKSLASH, COMMA] = [34, 92, 44]
const OPENS: ReadonlySet<number> = new Set([91, 123])
const CLOSES: ReadonlySet<number> = new Set([93, 125])

/**
 * One pass over the text before anything is made of it. Each member but the first of its object or array has a comma
 * before it, so commas and opened brackets together are at least as many as members. Text that is no JSON passes here
 * and fails in the parser.
 */
export function findExcess(text: string): 'depth' | 'members' | null {
  let [depth, members, isText] = [0, 0, false]
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    if (isText) {
      if (unit === BACKSLASH) at += 1
      else if (unit === QUOTE) isText = false
    } else if (unit === QUOTE) isText = true
    else if (unit === COMMA) members += 1
    else if (OPENS.has(unit)) {
      depth += 1
      members += 1
    } else if (CLOSES.has(unit)) depth -= 1
    if (depth > MESSAGE_BOUNDS.depth) return 'depth'
    if (members > MESSAGE_BOUNDS.members) return 'members'
  }
  return null
}
