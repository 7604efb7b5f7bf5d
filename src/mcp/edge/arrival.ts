import {
  CLIENT_CAPABILITIES_META_KEY,
  isLegacyRequest,
  PROTOCOL_VERSION_META_KEY,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { splitConsent } from '#catalog/confirmation.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import { canonicalDigest } from '#lib/hash.ts'
import { ok } from '#lib/result.ts'
import type { RequestedCall } from '#users/calls/calls.ts'
import { forwardRequest, headerBytes, MOST_HEADER_BYTES } from './forward-request.ts'
import { clientTrace, givenKey } from '../calls/idempotency.ts'
import { errorCode, jsonRpcError } from '../json-rpc-error.ts'
import type { McpProduct } from '../product.ts'
import { type Envelope, readEnvelope, readMessage } from './read-message.ts'
import { readAsked, type Reads, subscribeAsked } from '../lists/reads.ts'
import type { CallProblem } from '../calls/tool-denial.ts'
import { readAnswer, type StatelessAnswer } from '../stateless/ask-stateless.ts'

/** A request of /mcp, read once, before its bearer is looked up. */
export interface Arrival {
  /** The answer to a message that no transport takes. It is given once the bearer is accepted. */
  denial: Response | null
  parsed: unknown
  /** null when the method has no body. */
  envelope: Envelope | null
  /** The request as a transport sees it, without body and bearer. */
  forwarded: Request
  isSession: boolean
  wanted: Wanted | null
}

/** The tool, or the read of a resource or prompt, that a message asks for. */
export interface Wanted {
  act: AnyTool
  isTool: boolean
  /** The arguments, parsed with the tool's own schema. */
  input: Record<string, unknown>
  /** null: nothing begins yet. It is a subscription, its arguments do not fit, or the SDK must judge its headers first. */
  call: RequestedCall | null
  /** Why the arguments do not fit. Only shown to those who have the scopes. */
  problem: CallProblem | null
  /** The user's answer to a question of the stateless transport; null: the message brings none. */
  answer: StatelessAnswer | null
}

/**
 * Reads message, transport and arguments of a request.
 * @step tool-call 1 one message, and what it asks for
 */
export async function readArrival(
  request: Request,
  { product, reads }: { product: McpProduct; reads: Reads },
  answering: Parameters<typeof readAnswer>[2],
): Promise<Arrival> {
  const forwarded = forwardRequest(request, null)
  const message = await readMessage(request)
  const parsed = message.ok ? message.value.parsed : undefined
  const base = { denial: null, parsed, envelope: null, forwarded, isSession: false, wanted: null }
  if (!message.ok) return { ...base, denial: message.error }
  const envelope = message.value.body === null ? null : readEnvelope(parsed)
  if (envelope?.ok === false) return { ...base, denial: envelope.error }
  if (headerBytes(forwarded) > MOST_HEADER_BYTES)
    return { ...base, denial: jsonRpcError(431, errorCode.invalidRequest, LONG_HEADERS) }
  const read = envelope?.value ?? null
  // Answers belong to questions of sessions: the other revision asks in its results.
  const isSession = read?.kind === 'answer' || (await isLegacyRequest(forwarded, read?.message))
  const wanted =
    read?.kind === 'request'
      ? await findWanted(read.message, { product, reads, isSession, answering, headers: request.headers })
      : null
  return { ...base, envelope: read, isSession, wanted }
}

const LONG_HEADERS = 'The headers of MCP are too long: together they may have 8 KiB. Nothing was done.'

interface Context {
  product: McpProduct
  reads: Reads
  isSession: boolean
  answering: Parameters<typeof readAnswer>[2]
  headers: Headers
}

const ToolsCall = z.object({
  method: z.literal('tools/call'),
  params: z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()).default({}) }),
})
const WithMeta = z.object({ params: z.object({ _meta: z.record(z.string(), z.unknown()) }) })

async function findWanted(message: unknown, context: Context): Promise<Wanted | null> {
  const { product, reads, isSession } = context
  const call = ToolsCall.safeParse(message)
  if (call.success) {
    const { name, arguments: args } = call.data.params
    const tool = product.tools.find((one) => one.name === name)
    return tool === undefined ? null : wantedOf(tool, true, args, message, context)
  }
  const read = readAsked(reads, message)
  if (read !== undefined) return wantedOf(read.act, false, read.input, message, context)
  const act = isSession ? subscribeAsked(reads, message) : undefined
  return act === undefined ? null : { act, isTool: false, input: {}, call: null, problem: null, answer: null }
}

async function wantedOf(
  act: AnyTool,
  isTool: boolean,
  args: unknown,
  message: unknown,
  { product, isSession, answering, headers }: Context,
): Promise<Wanted> {
  const input = act.input.safeParse(args)
  if (!input.success) {
    // Names only fields of the schema: any other name is the client's text.
    const fields = Object.keys(act.input.shape).filter((field) =>
      input.error.issues.some(({ path }) => path[0] === field),
    )
    return { act, isTool, input: {}, call: null, problem: { reason: 'bad_input', fields }, answer: null }
  }
  const meta = WithMeta.safeParse(message).data?.params._meta
  const key = givenKey(act, meta, product.keyName)
  const isConfirmable = isTool && act.confirm !== undefined
  const answer =
    isConfirmable && !isSession
      ? await readAnswer(message, { tool: act, input: input.data }, answering)
      : ok(null)
  const wanted = { act, isTool, input: input.data, answer: answer.ok ? answer.value : null }
  if (!answer.ok) return { ...wanted, call: null, problem: answer.error }
  if (!key.ok) return { ...wanted, call: null, problem: key.error }
  // The SDK decides: if it takes the message, the call begins then (invoke-tool.ts).
  if (!isSession && !isPlain(headers, message)) return { ...wanted, call: null, problem: null }
  const trace = clientTrace({ meta, traceparent: headers.get('traceparent') })
  const call: RequestedCall = {
    transport: isSession ? 'session' : 'stateless',
    tool: act.name,
    effect: act.effect === 'read' ? 'read' : 'write',
    step: isConfirmable && (answer.value === null || answer.value.reply === 'not_asked') ? 'describe' : 'act',
    ...(answer.value === null ? {} : { answer: answer.value }),
    transaction: crypto.randomUUID(),
    argumentsDigest: await canonicalDigest(
      act.confirm === undefined ? input.data : splitConsent(input.data).rest,
    ),
    key: key.value,
    ...(trace === null ? {} : { clientTrace: trace }),
  }
  return { ...wanted, call, problem: null }
}

const Standard = z.object({
  method: z.string(),
  params: z.object({
    name: z.string().optional(),
    uri: z.string().optional(),
    _meta: z.looseObject({
      [PROTOCOL_VERSION_META_KEY]: z.string(),
      [CLIENT_CAPABILITIES_META_KEY]: z.looseObject({}),
    }),
  }),
})

/**
 * Whether the standard headers say letter by letter what the body says (MCP 2026-07-28 Transports, Standard Headers). The
 * SDK takes some other spellings too, so it alone refuses a message for its headers.
 */
function isPlain(headers: Headers, message: unknown): boolean {
  const said = Standard.safeParse(message).data
  if (said === undefined) return false
  const { method, params } = said
  return (
    headers.get('mcp-protocol-version') === params._meta[PROTOCOL_VERSION_META_KEY] &&
    headers.get('mcp-method') === method &&
    headers.get('mcp-name') === (params.name ?? params.uri ?? null)
  )
}
