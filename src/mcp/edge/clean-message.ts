import { z } from 'zod'
import { errorCode, OWN_WORDS } from '../json-rpc-error.ts'

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
 * own errors carry a mark in their data; any other error keeps its code and gets our sentence. null: the message stays.
 */
export function cleanError(message: unknown, status: number): object | null {
  const failed = Failed.safeParse(message)
  if (!failed.success) return null
  const { code, message: words, data = {} } = failed.data.error
  const { [OWN_WORDS]: isOurs, ...rest } = data
  const kept = isOurs === true ? rest : knownData(code, data)
  const error = {
    code,
    message: isOurs === true ? words : wordsFor(code, status),
    ...(Object.keys(kept).length === 0 ? {} : { data: kept }),
  }
  return { ...failed.data, error }
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
