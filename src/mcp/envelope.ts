import { z } from 'zod'
import { err, ok, type Result } from '#lib/result.ts'
import { errorCode, jsonRpcError } from './json-rpc-error.ts'

/**
 * MCP 2025-11-25 and 2026-07-28 Basic, Requests: a text or a whole number, never null. A number that JSON.parse cannot
 * hold exactly would come back as another one, so it is refused. The bound keeps an id from being an echo of anything.
 */
export const Id = z.union([z.string().max(256), z.int()])
export type RequestId = z.infer<typeof Id>

const Params = z.record(z.string(), z.unknown())
type Given = z.infer<typeof Params>
const Asking = z.strictObject({ jsonrpc: z.literal('2.0'), method: z.string(), params: Params.nullish() })
const Request = Asking.extend({ id: Id })
const Answer = z.strictObject({ jsonrpc: z.literal('2.0'), id: Id, result: Params })
const Failure = z.strictObject({
  jsonrpc: z.literal('2.0'),
  id: Id.nullish(),
  error: z.looseObject({ code: z.int(), message: z.string() }),
})

interface Notification {
  jsonrpc: '2.0'
  method: string
  params?: Given
}

/** The message of a POST, as both transports get it. */
export type Envelope =
  | { kind: 'request'; message: Notification & { id: RequestId } }
  | { kind: 'notification'; message: Notification }
  | { kind: 'answer'; message: z.infer<typeof Answer> | z.infer<typeof Failure> }

const HasId = z.object({ method: z.string(), id: z.unknown() })

/** The kind of a message; anything but JSON-RPC is refused in our words. */
export function readEnvelope(parsed: unknown): Result<Envelope, Response> {
  const request = Request.safeParse(parsed)
  if (request.success) return ok({ kind: 'request', message: withoutAbsent(request.data) })
  const notification = Asking.safeParse(parsed)
  if (notification.success) return ok({ kind: 'notification', message: withoutAbsent(notification.data) })
  const answer = z.union([Answer, Failure]).safeParse(parsed)
  if (answer.success) return ok({ kind: 'answer', message: answer.data })
  const asked = HasId.safeParse(parsed)
  const isWrongId = asked.success && asked.data.id !== undefined && !Id.safeParse(asked.data.id).success
  return err(jsonRpcError(400, errorCode.invalidRequest, isWrongId ? WRONG_ID : NO_MESSAGE))
}

const WRONG_ID =
  'The id of a request is a text of at most 256 characters, or a whole number between -9007199254740991 and ' +
  '9007199254740991. Nothing was done.'
const NO_MESSAGE =
  'The body is not a message of JSON-RPC 2.0: an object with jsonrpc, method, params and, for a request, id. Nothing was done.'

/** Some clients send null or an empty string for an absent value: `params: null`, `arguments: null`, `cursor: ""`. */
function withoutAbsent<M extends z.infer<typeof Asking>>(message: M): Omit<M, 'params'> & { params?: Given } {
  const { params, ...rest } = message
  if (params === undefined || params === null) return rest
  const isGiven = ([name, value]: [string, unknown]) =>
    !(value === null && MAY_BE_NULL.has(name)) && !(name === 'cursor' && value === '')
  const given: Given = Object.fromEntries(Object.entries(params).filter(isGiven))
  const meta = NoProgress.safeParse(given['_meta'])
  if (!meta.success) return { ...rest, params: given }
  const { progressToken: _none, ...others } = meta.data
  return { ...rest, params: { ...given, _meta: others } }
}

const MAY_BE_NULL: ReadonlySet<string> = new Set(['_meta', 'arguments', 'context', 'task'])
const NoProgress = z.looseObject({ progressToken: z.null() })
