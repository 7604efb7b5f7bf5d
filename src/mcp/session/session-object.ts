import { z } from 'zod'
import type { AnyTool } from '#catalog/define-tool.ts'
import type { Subscription } from '#users/sessions/subscriptions.ts'
import { failure } from '../calls/tool-result.ts'
import type { DenialWords } from '../product.ts'
import type { IdMapping } from '../edge/answer-pass.ts'
import type { Envelope, Id } from '../edge/read-message.ts'
import { report } from '../edge/request-log.ts'
import { answerOutage, errorCode } from '../json-rpc-error.ts'
import { COULD_NOT_ASK } from './ask-in-session.ts'

/** The RPC interface of a session's object, for the user's object and the edge. */
interface SessionApi {
  endSession(): Promise<void>
  tellChanged(subscribed: Subscription): Promise<void>
  /** The internal ids of a grant's running requests with this client id (as JSON). */
  runningAs(id: string, grant: string): Promise<string[]>
}

/** The object of a session, by the library's name for it. */
export const sessionObject = (env: Env, session: string): SessionApi =>
  env.MCP_SESSION.getByName(`streamable-http:${session}`)

interface InternalMessage {
  message: Record<string, unknown>
  ids: IdMapping | null
}

const Cancelled = z.object({ requestId: z.union([z.string(), z.int()]) })

/**
 * The message as the session's object receives it. Each request gets a unique internal id, which begins with that of its
 * call: many clients reuse one id, and the SDK and the library find call, stream and cancellation by it (decision 21).
 * `runningAs` gives the internal ids of running requests. null: the session ignores the message.
 */
export async function toInternal(
  envelope: Envelope,
  transaction: string,
  runningAs: (id: string) => Promise<string[]>,
): Promise<InternalMessage | null> {
  switch (envelope.kind) {
    case 'request': {
      const external = envelope.message.id
      const internal = `${transaction} ${JSON.stringify(external)}`
      return { message: { ...envelope.message, id: internal }, ids: { internal, external } }
    }
    case 'notification': {
      const { method, params } = envelope.message
      if (method !== 'notifications/cancelled') return { message: { ...envelope.message }, ids: null }
      const { data } = Cancelled.safeParse(params)
      if (data === undefined) return null
      const [running, ...others] = await runningAs(JSON.stringify(data.requestId))
      if (running === undefined || others.length > 0) return null
      return { message: { ...envelope.message, params: { ...params, requestId: running } }, ids: null }
    }
    case 'answer': {
      const { message } = envelope
      if (!('error' in message)) return { message, ids: null }
      // The library waits forever if the answer is an error, and the call sees only a cancellation.
      const { jsonrpc, id } = message
      return id === undefined || id === null
        ? null
        : { message: { jsonrpc, id, result: COULD_NOT_ASK }, ids: null }
    }
    default:
      return envelope satisfies never
  }
}

/** The parts of an internal id: the id of the call, and the client's id as JSON. */
export function splitInternal(internal: string): { transaction: string; external: string } {
  const end = internal.indexOf(' ')
  return { transaction: internal.slice(0, end), external: internal.slice(end + 1) }
}

/**
 * The answer to a request whose session object died: a deploy, a lost machine, or a takeover by another grant. The library
 * then throws, answers 500, or ends the stream without an answer, and the client would wait forever. A write is answered
 * with an unknown outcome, because it may have run (invariant 7); everything else may be retried. `id` null: no request.
 */
export function lostAnswer(id: Id | null, tool: AnyTool | undefined, words: DenialWords) {
  const isWrite = tool !== undefined && tool.effect !== 'read'
  const unknownOutcome = { jsonrpc: '2.0', id, result: failure({ reason: 'unknown_outcome' }, null, words) }
  const mayRetry = {
    jsonrpc: '2.0',
    id,
    error: { code: errorCode.refused, message: 'The answer was lost. Try again.' },
  }
  const lose = (error: unknown) => report('session.lost', error, { tool: tool?.name })
  return {
    response(error: unknown = new Error('the stream ended without an answer')): Response {
      lose(error)
      return isWrite && id !== null ? Response.json(unknownOutcome) : answerOutage()
    },
    /** The last event of a stream whose headers are already sent. */
    event(): string {
      lose(new Error('the stream ended without an answer'))
      return `event: message\ndata: ${JSON.stringify(isWrite ? unknownOutcome : mayRetry)}\n\n`
    },
  }
}
