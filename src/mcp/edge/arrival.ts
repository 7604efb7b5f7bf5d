import {
  CLIENT_CAPABILITIES_META_KEY,
  isLegacyRequest,
  PROTOCOL_VERSION_META_KEY,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { splitConsent } from '#catalog/confirmation.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import type { CallFacts } from '#events/call-facts.ts'
import { networkOf } from '#lib/addresses.ts'
import { agentFamily } from '#lib/agent-family.ts'
import { canonicalDigest } from '#lib/hash.ts'
import { ok } from '#lib/result.ts'
import type { RequestedCall } from '#users/calls/calls.ts'
import type { PolicyAsk } from '#users/calls/calls.ts'
import { callFacts, type CallOrigin } from '../calls/call-facts.ts'
import { clientTrace, givenKey } from '../calls/idempotency.ts'
import type { CallProblem } from '../calls/tool-denial.ts'
import type { McpProduct } from '../product.ts'
import { errorCode, jsonRpcError } from '../json-rpc-error.ts'
import { readAsked, type Reads } from '../lists/reads.ts'
import { readAnswer, type StatelessAnswer } from '../stateless/ask-stateless.ts'
import { namedSession } from '../session/headers.ts'
import { type Envelope, type MethodMessage, readEnvelope, readMessage } from './read-message.ts'
import { shortHashOf } from './request-log.ts'
import { askOf, type PolicySubject, type Subjects } from './subject.ts'

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
  /** The session that the request names, with its MAC unchecked; null on the stateless transport. */
  session: string | null
  origin: CallOrigin
  wanted: Wanted | null
  /** What policy decides; null: the message begins nothing, or gets `denial`. */
  ask: PolicyAsk | null
}

/** The tool, or the read of a resource or prompt, that a message asks for. */
export interface Wanted {
  act: AnyTool
  isTool: boolean
  /** The arguments, parsed with the tool's own schema. */
  input: Record<string, unknown>
  /** null: nothing begins yet. It is a subscription, its arguments do not fit, or the SDK must judge its headers first. */
  call: RequestedCall | null
  /** Why nothing begins. Only shown to those who have the scopes. */
  problem: CallProblem | null
  facts: CallFacts
  about: PolicySubject
  /** The user's answer to a question of the stateless transport; null: the message brings none. */
  answer: StatelessAnswer | null
}

/** What a request is read with. */
export interface Reading {
  product: McpProduct
  reads: Reads
  subjects: Subjects
  /** Opens the user's answer to a question of the stateless transport. */
  answering: Parameters<typeof readAnswer>[2]
}

/**
 * Reads message, transport and arguments of a request.
 * @step tool-call 1 one message, and what it asks for
 */
export async function readArrival(request: Request, reading: Reading): Promise<Arrival> {
  const forwarded = forwardRequest(request)
  const message = await readMessage(request)
  const parsed = message.ok ? message.value.parsed : undefined
  const bytesIn = message.ok ? message.value.bytes : 0
  const origin: CallOrigin = { network: networkOf(request), agent: agentFamily(request), bytesIn }
  const none = { denial: null, envelope: null, isSession: false, session: null, wanted: null, ask: null }
  const base = { ...none, parsed, forwarded, origin }
  if (!message.ok) return { ...base, denial: message.error }
  const read = message.value.body === null ? null : readEnvelope(parsed)
  if (read?.ok === false) return { ...base, denial: read.error }
  if (headerBytes(forwarded) > MOST_HEADER_BYTES)
    return { ...base, denial: jsonRpcError(431, errorCode.invalidRequest, LONG_HEADERS) }
  const envelope = read?.value ?? null
  const named = namedSession(request)
  const hashing = named === null ? undefined : shortHashOf(named)
  // Answers belong to questions of sessions: the other revision asks in its results.
  const isSession = envelope?.kind === 'answer' || (await isLegacyRequest(forwarded, envelope?.message))
  const session = isSession ? named : null
  if (session !== null) origin.session = await hashing
  const context = { ...reading, isSession, headers: request.headers, origin }
  const wanted = envelope?.kind === 'request' ? await findWanted(envelope.message, context) : null
  const ask = policyAsk(request, envelope, wanted, context)
  return { ...base, envelope, isSession, session, wanted, ask }
}

/** Notifications, answers and DELETE begin nothing: whatever they let go on is decided by itself. */
function policyAsk(
  { method }: Request,
  envelope: Envelope | null,
  wanted: Wanted | null,
  { subjects, isSession, origin: { network } }: Context,
): PolicyAsk | null {
  const from = { transport: isSession ? ('session' as const) : ('stateless' as const), network }
  if (method === 'GET') return askOf(null, null, from)
  if (envelope?.kind !== 'request') return null
  const { message } = envelope
  return askOf(wanted?.about ?? subjects.reference(message), subjects.list(message), from)
}

interface Context extends Reading {
  isSession: boolean
  headers: Headers
  origin: CallOrigin
}

const CallParams = z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()).default({}) })

async function findWanted(message: MethodMessage, context: Context): Promise<Wanted | null> {
  const { product, reads, subjects, isSession } = context
  if (message.method === 'tools/call') {
    const { data } = CallParams.safeParse(message.params)
    const tool = product.tools.find(({ name }) => name === data?.name)
    return tool === undefined ? null : wantedOf(tool, true, data?.arguments, message, context)
  }
  const read = readAsked(reads, message)
  if (read === undefined) return null
  if (message.method !== 'resources/subscribe') return wantedOf(read.act, false, read.input, message, context)
  if (!isSession) return null
  const { act } = read
  const facts = callFacts(act, {}, metaOf(message), context.origin)
  const about = subjects.of(act, act.input.safeParse(read.input).data ?? null)
  return { act, isTool: false, input: {}, call: null, problem: null, answer: null, facts, about }
}

const Meta = z.record(z.string(), z.unknown())
const metaOf = ({ params }: MethodMessage) => Meta.safeParse(params?.['_meta']).data

async function wantedOf(
  act: AnyTool,
  isTool: boolean,
  args: unknown,
  message: MethodMessage,
  { product, subjects, isSession, answering, headers, origin }: Context,
): Promise<Wanted> {
  const meta = metaOf(message)
  const input = act.input.safeParse(args)
  if (!input.success) {
    // Names only fields of the schema: any other name is the client's text.
    const fields = Object.keys(act.input.shape).filter((field) =>
      input.error.issues.some(({ path }) => path[0] === field),
    )
    const problem = { reason: 'bad_input' as const, fields }
    const facts = callFacts(act, null, meta, origin)
    const about = subjects.of(act, null)
    return { act, isTool, input: {}, call: null, problem, answer: null, facts, about }
  }
  const key = givenKey(act, meta, product.keyName)
  const isConfirmable = isTool && act.confirm !== undefined
  const answer =
    isConfirmable && !isSession
      ? await readAnswer(message, { tool: act, input: input.data }, answering)
      : ok(null)
  const facts = callFacts(act, input.data, meta, origin)
  const about = subjects.of(act, input.data)
  const wanted = { act, isTool, input: input.data, answer: answer.ok ? answer.value : null, facts, about }
  if (about.isTooLarge) return { ...wanted, call: null, problem: { reason: 'too_large' } }
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
    facts,
  }
  return { ...wanted, call, problem: null }
}

const StandardParams = z.object({
  name: z.string().optional(),
  uri: z.string().optional(),
  _meta: z.looseObject({
    [PROTOCOL_VERSION_META_KEY]: z.string(),
    [CLIENT_CAPABILITIES_META_KEY]: z.looseObject({}),
  }),
})

/**
 * Whether the standard headers say letter by letter what the body says (MCP 2026-07-28 Transports, Standard Headers). The
 * SDK takes some other spellings too, so it alone refuses a message for its headers.
 */
function isPlain(headers: Headers, { method, params }: MethodMessage): boolean {
  const { data } = StandardParams.safeParse(params)
  return (
    data !== undefined &&
    headers.get('mcp-protocol-version') === data._meta[PROTOCOL_VERSION_META_KEY] &&
    headers.get('mcp-method') === method &&
    headers.get('mcp-name') === (data.name ?? data.uri ?? null)
  )
}

/** The only client headers that a transport may see, with `mcp-param-…`. */
const FORWARDED: ReadonlySet<string> = new Set([
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

/**
 * The request as a transport sees it. It uses an allowlist: the library controls its objects by headers (`x-agents-…`,
 * `cf-mcp-…`, `upgrade`) and by the query (`_pk`), the principal is a header too, and the bearer must stay at the edge.
 */
export function forwardRequest(request: Request): Request {
  const headers = new Headers(
    [...request.headers].filter(([name]) => FORWARDED.has(name) || name.startsWith('mcp-param-')),
  )
  const { origin, host, pathname } = new URL(request.url)
  // The SDK checks Host on localhost; http/guards.ts has checked the origin of the URL.
  headers.set('host', host)
  const accepted = acceptedBy(request)
  if (accepted !== null) headers.set('accept', accepted)
  if (request.method === 'POST') headers.set('content-type', 'application/json')
  return new Request(origin + pathname, { method: request.method, headers, signal: request.signal })
}

/**
 * The Accept header that both SDKs compare as text, if the client's has the same meaning (RFC 9110 §12.5.1: media ranges in
 * any case, and no header means any type). null: it lacks a type that MCP requires, and the transport decides.
 */
function acceptedBy({ method, headers }: Request): string | null {
  const required = method === 'POST' ? ['application/json', 'text/event-stream'] : ['text/event-stream']
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
const MOST_HEADER_BYTES = 8_192
const LONG_HEADERS = 'The headers of MCP are too long: together they may have 8 KiB. Nothing was done.'

const headerBytes = ({ headers }: Request): number =>
  [...headers].reduce((sum, [name, value]) => sum + name.length + value.length, 0)
