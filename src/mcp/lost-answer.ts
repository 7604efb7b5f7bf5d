import { z } from 'zod'
import type { AnyTool } from '#catalog/define-tool.ts'
import { dataOf } from './clean-answer.ts'
import { answerOutage, errorCode } from './json-rpc-error.ts'
import type { DenialWords } from './product.ts'
import { report } from './request-log.ts'
import { failure } from './tool-result.ts'

const RequestMessage = z.object({ method: z.string(), id: z.union([z.string(), z.number()]) })
const Answer = z.union([
  z.object({ id: z.union([z.string(), z.number()]), result: z.unknown() }),
  z.object({ id: z.union([z.string(), z.number()]).nullable(), error: z.unknown() }),
])

/** Ends the stream of a cancelled request: a comment, which clients skip. */
export const CANCELLED = ': cancelled'

/**
 * Answers a request whose session object died: a deploy, a lost machine, or a takeover by another grant. The library then
 * throws, answers 500, or ends the stream without an answer, and the client would wait forever. A write is answered with
 * an unknown outcome, because it may have run (invariant 7); everything else may be retried.
 */
export async function orLost(
  ask: () => Promise<Response>,
  message: unknown,
  tool: AnyTool | undefined,
  words: DenialWords,
): Promise<Response> {
  const id = RequestMessage.safeParse(message).data?.id ?? null
  const lost = (error: unknown): Response => {
    report('session.lost', error, { tool: tool?.name })
    return isWrite(tool) && id !== null ? Response.json(unknownOutcome(id, words)) : answerOutage()
  }
  let response: Response
  try {
    response = await ask()
  } catch (error) {
    return lost(error)
  }
  if (response.status >= 500) return lost(new Error(`the library answered ${response.status}`))
  if (id === null || response.body === null || !isStream(response)) return response
  const reader = response.body.getReader()
  const first = await nextOf(reader)
  if (first === undefined) return lost(new Error('the stream ended without an answer'))
  return new Response(
    completed(first, reader, () => lostMessage(id, tool, words)),
    response,
  )
}

const isStream = ({ status, headers }: Response): boolean =>
  status === 200 && headers.get('content-type') === 'text/event-stream'

const isWrite = (tool: AnyTool | undefined): boolean => tool !== undefined && tool.effect !== 'read'

type Id = string | number

const unknownOutcome = (id: Id, words: DenialWords) => ({
  jsonrpc: '2.0',
  id,
  result: failure({ reason: 'unknown_outcome' }, null, words),
})

/** The last event of a stream whose headers are already sent. */
function lostMessage(id: Id, tool: AnyTool | undefined, words: DenialWords): string {
  report('session.lost', new Error('the stream ended without an answer'), { tool: tool?.name })
  const message = isWrite(tool)
    ? unknownOutcome(id, words)
    : { jsonrpc: '2.0', id, error: { code: errorCode.refused, message: 'The answer was lost. Try again.' } }
  return `event: message\ndata: ${JSON.stringify(message)}\n\n`
}

type Reader = ReadableStreamDefaultReader<Uint8Array>

/** A broken connection counts as the end of the stream. */
async function nextOf(reader: Reader): Promise<Uint8Array | undefined> {
  try {
    return (await reader.read()).value
  } catch {
    return undefined
  }
}

/** Passes the stream through and appends `message()` if no event was an answer. */
function completed(first: Uint8Array, reader: Reader, message: () => string): ReadableStream<Uint8Array> {
  const decoder = new TextDecoder()
  let text = ''
  let isAnswered = false
  const look = (chunk: Uint8Array) => {
    if (isAnswered) return
    const events = (text + decoder.decode(chunk, { stream: true })).split('\n\n')
    text = events.pop() ?? ''
    isAnswered = events.some(isAnswer)
  }
  let pending: Uint8Array | undefined = first
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = pending ?? (await nextOf(reader))
      pending = undefined
      if (chunk !== undefined) {
        look(chunk)
        controller.enqueue(chunk)
        return
      }
      if (!isAnswered && !isAnswer(text)) controller.enqueue(new TextEncoder().encode(message()))
      controller.close()
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

function isAnswer(event: string): boolean {
  if (event === CANCELLED) return true
  try {
    return Answer.safeParse(JSON.parse(dataOf(event))).success
  } catch {
    return false
  }
}
