import { z } from 'zod'
import type { AnyTool } from '#catalog/define-tool.ts'
import { answerOutage, errorCode } from '../json-rpc-error.ts'
import type { DenialWords } from '../product.ts'
import { report } from '../edge/request-log.ts'
import { failure } from '../calls/tool-result.ts'

const RequestMessage = z.object({ method: z.string(), id: z.union([z.string(), z.number()]) })

/**
 * The answer to a request whose session object died: a deploy, a lost machine, or a takeover by another grant. The library
 * then throws, answers 500, or ends the stream without an answer, and the client would wait forever. A write is answered
 * with an unknown outcome, because it may have run (invariant 7); everything else may be retried.
 */
export function lostAnswer(message: unknown, tool: AnyTool | undefined, words: DenialWords) {
  const id = RequestMessage.safeParse(message).data?.id ?? null
  const isWrite = tool !== undefined && tool.effect !== 'read'
  const unknownOutcome = {
    jsonrpc: '2.0',
    id,
    result: failure({ reason: 'unknown_outcome' }, null, words),
  }
  const mayRetry = {
    jsonrpc: '2.0',
    id,
    error: { code: errorCode.refused, message: 'The answer was lost. Try again.' },
  }
  const lose = (error: unknown) => report('session.lost', error, { tool: tool?.name })
  return {
    /** null: the message is no request, so nothing waits for an answer. */
    id,
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
