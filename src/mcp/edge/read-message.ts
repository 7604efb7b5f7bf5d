import { isSpecType } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { AnyTool } from '#catalog/define-tool.ts'
import { readBody } from '#http/read-request.ts'
import { type Result, err, ok } from '#lib/result.ts'
import { errorCode, jsonRpcError, RpcDenial } from '../json-rpc-error.ts'
import { isShown, type Viewer } from '../product.ts'

/**
 * Bounds of one message; the largest valid message has 3 KB. The session library passes a message to the session's object
 * in a header as base64: 64 KiB become 88 KB, or 110 KB with numbers written out. With the other headers (arrival.ts)
 * this stays below the platform's 128 KB. Depth and members bound the cost of parsing.
 */
export const MESSAGE_BOUNDS = { bytes: 65_536, depth: 32, members: 1_000 } as const

export interface Message {
  /** The text that came in; null where the method has no body. */
  body: string | null
  /** Its size. */
  bytes: number
  parsed: unknown
}

/**
 * Reads the message of a request, once and bounded. The error is the HTTP answer.
 * @step tool-call 1 one message
 */
export async function readMessage(request: Request): Promise<Result<Message, Response>> {
  if (request.method !== 'POST') return ok({ body: null, bytes: 0, parsed: undefined })
  // An exact match for both transports: SDK v1 accepts any type that contains the words.
  const read = await readBody(request, { type: 'application/json', maxBytes: MESSAGE_BOUNDS.bytes })
  if (!read.ok)
    return read.error === 'size'
      ? refuse('The message is too large: it may have 64 KiB. Nothing was done.', 413)
      : refuse('The content type must be application/json.', 415)
  try {
    const body = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(read.value)
    const excess = findExcess(body)
    if (excess === 'members')
      return refuse('The message has too many members: it may have 1,000 in all. Nothing was done.', 413)
    if (excess === 'depth')
      return refuse('The message is nested too deeply: it may have 32 levels. Nothing was done.')
    const parsed: unknown = JSON.parse(body)
    // MCP 2025-06-18 removed batches. With one message for each POST, no check can be bypassed.
    return Array.isArray(parsed)
      ? refuse('Batches are not supported.')
      : ok({ body, bytes: read.value.byteLength, parsed })
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error
    return err(jsonRpcError(400, errorCode.parse, 'The body is not JSON in UTF-8.'))
  }
}

const refuse = (words: string, status = 400) => err(jsonRpcError(status, errorCode.invalidRequest, words))

/** undefined for a text that is not JSON: an OAuth answer may be empty, and streams carry comments. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const [QUOTE, BACKSLASH, COMMA] = [34, 92, 44]
const OPENS: ReadonlySet<number> = new Set([91, 123])
const CLOSES: ReadonlySet<number> = new Set([93, 125])

/**
 * Checks the bounds in one pass before parsing. Commas and opening brackets together are at least as many as members.
 * Invalid JSON passes here and fails in the parser.
 */
function findExcess(text: string): 'depth' | 'members' | null {
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

/**
 * MCP 2025-11-25 and 2026-07-28 Basic, Requests: a string or an integer, never null. Unsafe integers are refused, because
 * JSON.parse changes them. The length bound limits what a client can have echoed.
 */
export const RequestId = z.union([z.string().max(256), z.int()])
export type Id = z.infer<typeof RequestId>

const Params = z.record(z.string(), z.unknown())
type Params = z.infer<typeof Params>
const Notification = z.strictObject({
  jsonrpc: z.literal('2.0'),
  method: z.string(),
  params: Params.nullish(),
})
const RequestMessage = Notification.extend({ id: RequestId })
const Answer = z.strictObject({ jsonrpc: z.literal('2.0'), id: RequestId, result: Params })
const Failure = z.strictObject({
  jsonrpc: z.literal('2.0'),
  id: RequestId.nullish(),
  error: z.looseObject({ code: z.int(), message: z.string() }),
})

/** A request or notification, as both transports receive it. */
export interface MethodMessage {
  method: string
  params?: Params
}

/** The message of a POST, as both transports receive it. */
export type Envelope =
  | { kind: 'request'; message: MethodMessage & { jsonrpc: '2.0'; id: Id } }
  | { kind: 'notification'; message: MethodMessage & { jsonrpc: '2.0' } }
  | { kind: 'answer'; message: z.infer<typeof Answer> | z.infer<typeof Failure> }

const HasId = z.object({ method: z.string(), id: z.unknown() })

/** Reads the kind of a message; anything but JSON-RPC is refused. */
export function readEnvelope(parsed: unknown): Result<Envelope, Response> {
  const request = RequestMessage.safeParse(parsed)
  if (request.success) return ok({ kind: 'request', message: withoutAbsent(request.data) })
  const notification = Notification.safeParse(parsed)
  if (notification.success) return ok({ kind: 'notification', message: withoutAbsent(notification.data) })
  const answer = z.union([Answer, Failure]).safeParse(parsed)
  if (answer.success) return ok({ kind: 'answer', message: answer.data })
  const { data } = HasId.safeParse(parsed)
  const isWrongId = data?.id !== undefined && !RequestId.safeParse(data.id).success
  return refuse(isWrongId ? WRONG_ID : NO_MESSAGE)
}

const WRONG_ID =
  'The id of a request is a text of at most 256 characters, or a whole number between -9007199254740991 and ' +
  '9007199254740991. Nothing was done.'
const NO_MESSAGE =
  'The body is not a message of JSON-RPC 2.0: an object with jsonrpc, method, params and, for a request, id. Nothing was done.'

/** Some clients send null or an empty string for an absent value: `params: null`, `arguments: null`, `cursor: ""`. */
function withoutAbsent<M extends z.infer<typeof Notification>>(
  message: M,
): Omit<M, 'params'> & { params?: Params } {
  const { params, ...rest } = message
  if (params === undefined || params === null) return rest
  const isGiven = ([name, value]: [string, unknown]) =>
    !(value === null && MAY_BE_NULL.has(name)) && !(name === 'cursor' && value === '')
  const given: Params = Object.fromEntries(Object.entries(params).filter(isGiven))
  const meta = NoProgress.safeParse(given['_meta'])
  if (!meta.success) return { ...rest, params: given }
  const { progressToken: _none, ...others } = meta.data
  return { ...rest, params: { ...given, _meta: others } }
}

const MAY_BE_NULL: ReadonlySet<string> = new Set(['_meta', 'arguments', 'context', 'task'])
const NoProgress = z.looseObject({ progressToken: z.null() })

/** The request schema of each method that both transports have. */
const shapes = new Map<string, (message: unknown) => boolean>([
  ['initialize', isSpecType.InitializeRequest],
  ['tools/list', isSpecType.ListToolsRequest],
  ['tools/call', isSpecType.CallToolRequest],
  ['resources/list', isSpecType.ListResourcesRequest],
  ['resources/templates/list', isSpecType.ListResourceTemplatesRequest],
  ['resources/read', isSpecType.ReadResourceRequest],
  ['prompts/list', isSpecType.ListPromptsRequest],
  ['prompts/get', isSpecType.GetPromptRequest],
  ['completion/complete', isSpecType.CompleteRequest],
])
const sessionShapes = new Map([
  ...shapes,
  ['resources/subscribe', isSpecType.SubscribeRequest],
  ['resources/unsubscribe', isSpecType.UnsubscribeRequest],
])

/**
 * JSON-RPC 2.0 §5.1 and MCP 2025-11-25 Tools, Error Handling: wrong parameters and an unknown tool are -32602. Both SDKs
 * answer most of them with -32603, expose their own validation and echo the client's names. `tools` null: any may exist.
 * A tool that does not exist for this principal is unknown.
 */
export function findWrongParams(
  transport: 'stateless' | 'session',
  message: MethodMessage,
  tools: readonly AnyTool[] | null,
  principal: Viewer,
): RpcDenial | null {
  const { method, params } = message
  const known = transport === 'session' ? sessionShapes : shapes
  if (known.get(method)?.(message) === false)
    return new RpcDenial(
      errorCode.invalidParams,
      `The parameters are not what ${method} takes. Correct them; trying again as it is does not help.`,
    )
  if (method !== 'tools/call') return null
  const isKnown = tools?.some((tool) => tool.name === params?.['name'] && isShown(tool, principal)) ?? true
  if (isKnown && !principal.isNameHidden) return null
  return new RpcDenial(errorCode.invalidParams, NO_TOOL)
}

const NO_TOOL =
  'Unknown tool: this server has no tool of this name. Call tools/list to see the tools that it has.'
