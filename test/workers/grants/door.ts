import { z } from 'zod'
import { KEY_NAME } from '#harness/product.ts'
import type { Client } from '../faults/client.ts'
import { open, send } from '../faults/send.ts'
import { ORIGIN } from '../settings.ts'
import { INITIALIZE, mcpRequest, messagesIn, META, rpcRequest, statelessHeaders } from '#harness/messages.ts'
import { type Answer } from '../wire.ts'

/** Every revision of the protocol that a request can speak: the first is stateless, the others have sessions. */
export const REVISIONS = ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26'] as const
export type Revision = (typeof REVISIONS)[number]

export interface ToolCall {
  name: string
  args?: object
  /** The client's idempotency key. */
  key?: string
  /** The user's answer to the question that the caller was asked (MCP 2026-07-28 MRTR). */
  reply?: object
}

export const YES = { action: 'accept', content: { confirm: true } }
const FORMS = { elicitation: {} }

/** What a client asks with. A test changes what is to be refused. */
export interface Caller {
  client: Client
  revision: Revision
  /** null: no bearer. */
  bearer: string | null
  /** null: the revision has none. */
  session: string | null
  origin: string
  /** The state of a question of the stateless revision. */
  question: string | null
}

/** A client that has signed in, with a session if its revision has sessions. */
export async function callerOf(client: Client, revision: Revision): Promise<Caller> {
  const caller = {
    client,
    revision,
    bearer: client.tokens.access_token,
    session: null,
    origin: ORIGIN,
    question: null,
  }
  if (revision === '2026-07-28') return caller
  const params = { ...INITIALIZE.params, protocolVersion: revision, capabilities: FORMS }
  const { headers } = await post(caller, { ...INITIALIZE, params })
  return { ...caller, session: headers.get('mcp-session-id') }
}

const requestOf = ({ bearer, revision, session }: Caller, message: object, name = '') =>
  mcpRequest(bearer, message, {
    ...(session === null ? {} : { 'mcp-session-id': session }),
    // MCP 2025-03-26 has no such header.
    ...(revision === '2025-03-26' ? {} : { 'mcp-protocol-version': revision }),
    ...(revision === '2026-07-28' ? statelessHeaders('tools/call', name) : {}),
  })

/** Sends a message as it is. */
export const post = (caller: Caller, message: object): Promise<Answer> =>
  send('/mcp', requestOf(caller, message), caller.origin)

/** A client's id; none of the server's own looks like it. */
export const idOf = ({ revision }: Caller) => `call in ${revision}`

function messageOf(caller: Caller, { name, args = {}, key, reply }: ToolCall) {
  const keyed = key === undefined ? {} : { [KEY_NAME]: key }
  const declared = { ...META, 'io.modelcontextprotocol/clientCapabilities': FORMS }
  const _meta = caller.revision === '2026-07-28' ? { ...declared, ...keyed } : keyed
  const answer =
    reply === undefined ? {} : { requestState: caller.question, inputResponses: { confirm: reply } }
  const params = { name, arguments: args, ...answer, _meta }
  return rpcRequest('tools/call', params, idOf(caller))
}

export const callTool = (caller: Caller, call: ToolCall): Promise<Answer> =>
  send('/mcp', requestOf(caller, messageOf(caller, call), call.name), caller.origin)

/** A call whose answer is read while it runs. */
export const openCall = (caller: Caller, call: ToolCall) =>
  open('/mcp', requestOf(caller, messageOf(caller, call), call.name), caller.origin)

const InputRequired = z.object({
  result: z.object({ resultType: z.literal('input_required'), requestState: z.string() }),
})

/** The caller after a call that was answered with a question. */
export async function asked(caller: Caller, call: ToolCall): Promise<Caller> {
  const [message] = messagesIn((await callTool(caller, call)).text)
  return { ...caller, question: InputRequired.parse(message).result.requestState }
}

const Failed = z.strictObject({
  jsonrpc: z.literal('2.0'),
  id: z.string().nullable(),
  error: z.strictObject({ code: z.int(), message: z.string(), data: z.unknown().optional() }),
})
const Refused = z.strictObject({
  jsonrpc: z.literal('2.0'),
  id: z.string(),
  result: z.looseObject({
    isError: z.literal(true),
    content: z.tuple([z.strictObject({ type: z.literal('text'), text: z.string() })]),
  }),
})

/** A denial, without what may differ between the transports: the form of the stream, and metadata of a result. */
export interface Denied {
  status: number
  id: string | null
  /** The code of a JSON-RPC error; `tool`: it is the error of a tool. */
  code: number | 'tool'
  says: string
  challenge: string | null
  retryAfter: string | null
}

/** Throws if the answer is anything but one message of JSON-RPC that says no. */
export function readDenied({ status, headers, text }: Answer): Denied {
  const [message, ...others] = messagesIn(text)
  if (others.length > 0) throw new Error(`more than one message: ${text}`)
  const common = {
    status,
    challenge: headers.get('www-authenticate'),
    retryAfter: headers.get('retry-after'),
  }
  const failed = Failed.safeParse(message)
  if (failed.success) {
    const { id, error } = failed.data
    return { ...common, id, code: error.code, says: withoutLink(error.message) }
  }
  const refused = Refused.safeParse(message)
  if (!refused.success) throw new Error(`no denial in the form of JSON-RPC: ${status} ${text}`)
  const { id, result } = refused.data
  return { ...common, id, code: 'tool', says: withoutLink(result.content[0].text) }
}

/** The link to a step-up page differs each time. */
const withoutLink = (text: string) => text.replace(/\/step-up\/\S+$/, '/step-up/…')
