import { readBounded, TooLargeError } from '../lib/bounded-fetch.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { errorCode, jsonRpcError } from './json-rpc-error.ts'

const MAX_BYTES = 1_048_576

export interface Message {
  /** The text that came in, to hand on; null where the method has no body. */
  body: string | null
  parsed: unknown
}

/** Reads the one message of a request, once and bounded. What comes back as an error is the answer to give. */
export async function readMessage(request: Request): Promise<Result<Message, Response>> {
  if (request.method !== 'POST') return ok({ body: null, parsed: undefined })
  // Exactly this type, for both lanes: SDK v1 is content when the words are somewhere in it.
  const [type = ''] = (request.headers.get('content-type') ?? '').split(';')
  if (type.trim().toLowerCase() !== 'application/json') {
    return no(415, errorCode.invalidRequest, 'The content type must be application/json.')
  }
  try {
    const body = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(
      await readBounded(request.body, MAX_BYTES),
    )
    const parsed: unknown = JSON.parse(body)
    // MCP 2025-06-18 removed batches. One message for each POST: every check before the lanes sees all of it.
    if (Array.isArray(parsed)) return no(400, errorCode.invalidRequest, 'Batches are not supported.')
    return ok({ body, parsed })
  } catch (error) {
    if (error instanceof TooLargeError) return no(413, errorCode.invalidRequest, 'The message is too large.')
    if (error instanceof SyntaxError || error instanceof TypeError) {
      return no(400, errorCode.parse, 'The body is not JSON in UTF-8.')
    }
    throw error
  }
}

const no = (status: number, code: number, message: string) => err(jsonRpcError(status, code, message))
