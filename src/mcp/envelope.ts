import { z } from 'zod'
import { err, ok, type Result } from '../lib/result.ts'
import { errorCode, jsonRpcError } from './json-rpc-error.ts'

/**
 * MCP 2025-11-25 and 2026-07-28 Basic, Requests: a text or a whole number, never null. A number that JSON.parse cannot
 * hold exactly would come back as another one, so it is refused. The bound keeps an id from being an echo of anything.
 */
const Id = z.union([z.string().max(256), z.int()])
export type RequestId = z.infer<typeof Id>

const Params = z.record(z.string(), z.unknown())
const Request = z.strictObject({
  jsonrpc: z.literal('2.0'),
  id: Id,
  method: z.string(),
  params: Params.optional(),
})
const Notification = Request.omit({ id: true })
const Answer = z.strictObject({ jsonrpc: z.literal('2.0'), id: Id, result: Params })
const Failure = z.strictObject({
  jsonrpc: z.literal('2.0'),
  id: Id.nullish(),
  error: z.looseObject({ code: z.int(), message: z.string() }),
})

/** The message of a POST, as both transports get it. */
export type Envelope =
  | { kind: 'request'; message: z.infer<typeof Request> }
  | { kind: 'notification'; message: z.infer<typeof Notification> }
  | { kind: 'answer'; message: z.infer<typeof Answer> | z.infer<typeof Failure> }

const HasId = z.object({ method: z.string(), id: z.unknown() })

/** The kind of a message; anything but JSON-RPC is refused in our words. */
export function readEnvelope(parsed: unknown): Result<Envelope, Response> {
  const request = Request.safeParse(parsed)
  if (request.success) return ok({ kind: 'request', message: withoutAbsent(request.data) })
  const notification = Notification.safeParse(parsed)
  if (notification.success) return ok({ kind: 'notification', message: notification.data })
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

/** Some clients send null or an empty string for an absent value: `arguments: null`, `cursor: ""`. */
function withoutAbsent(message: z.infer<typeof Request>): z.infer<typeof Request> {
  const { method, params } = message
  if (params === undefined) return message
  const hasNoArguments = ARGUMENTS.has(method) && params['arguments'] === null
  const hasNoCursor = method.endsWith('/list') && params['cursor'] === ''
  if (!hasNoArguments && !hasNoCursor) return message
  const { arguments: given, cursor, ...rest } = params
  return {
    ...message,
    params: {
      ...rest,
      ...(hasNoArguments || given === undefined ? {} : { arguments: given }),
      ...(hasNoCursor || cursor === undefined ? {} : { cursor }),
    },
  }
}

const ARGUMENTS: ReadonlySet<string> = new Set(['tools/call', 'prompts/get'])
