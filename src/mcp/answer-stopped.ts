import type { OAuthResourceContext } from '@cloudflare/workers-oauth-provider'
import { z } from 'zod'
import { dataOf } from './clean-answer.ts'
import { errorCode, jsonRpcError } from './json-rpc-error.ts'
import { noteAnswer } from './message-facts.ts'
import type { RequestLine } from './request-line.ts'
import { LASTING } from './tool-denial.ts'
import { STOPPED } from './tool-result.ts'
import { watchAnswer } from './watch-answer.ts'

const Why = z.object({
  [STOPPED]: z.discriminatedUnion('reason', [
    z.object({ reason: z.literal('ended') }),
    z.object({
      reason: z.literal('not_started'),
      retryAfterSeconds: z.number(),
      isLasting: z.boolean().default(false),
    }),
  ]),
})
/** A tool says it in its result, a read in its error. */
const Stopped = z.union([
  z.object({ result: z.object({ _meta: Why }) }).transform(({ result }) => result._meta[STOPPED]),
  z.object({ error: z.object({ data: Why }) }).transform(({ error }) => error.data[STOPPED]),
])

/**
 * Both SDKs can answer a tool call or a read only with HTTP 200, but a client signs in again only on 401 and waits only on
 * 503. So the first message of such an answer is read here, and one that says that the call could not
 * start becomes the HTTP answer that it means. Nothing had been sent to the client yet.
 */
export async function answerStopped(
  response: Response,
  auth: OAuthResourceContext<unknown>['auth'],
  line: RequestLine,
): Promise<Response> {
  if (response.status !== 200 || response.body === null) return response
  const { text, body, watch } = await readFirstMessage(response.body)
  const message = parseMessage(text)
  if (!noteAnswer(line, message)) watch(watchAnswer(line))
  const stopped = Stopped.safeParse(message)
  if (!stopped.success) return new Response(body, response)
  await body.cancel()
  const problem = stopped.data
  if (problem.reason === 'ended') {
    return jsonRpcError(401, errorCode.refused, 'This access has ended. Sign in again to use this server.', {
      'www-authenticate': challenge(auth),
    })
  }
  const retry = { 'retry-after': String(problem.retryAfterSeconds) }
  const words = problem.isLasting ? LASTING : 'This call could not be started. Try again later.'
  return jsonRpcError(503, errorCode.refused, words, retry)
}

/** RFC 6750 §3.1 and RFC 9728 §5.1, with the same address as the resource server's own challenge. */
function challenge({ audience }: { audience: string }): string {
  const { origin, pathname } = new URL(audience)
  const metadata = `${origin}/.well-known/oauth-protected-resource${pathname}`
  return `Bearer realm="OAuth", error="invalid_token", resource_metadata="${metadata}"`
}

/** Up to the end of the first event, or of the whole JSON body; a keep-alive comment counts as an event. */
async function readFirstMessage(from: ReadableStream<Uint8Array>) {
  const reader = from.getReader()
  const decoder = new TextDecoder()
  const chunks: Uint8Array[] = []
  let text = ''
  while (!text.includes('\n\n')) {
    const { done, value } = await reader.read()
    if (done) break
    chunks.push(value)
    text += decoder.decode(value, { stream: true })
  }
  let watcher: ReturnType<typeof watchAnswer> | null = null
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = chunks.shift() ?? (await reader.read()).value
      if (chunk === undefined) {
        watcher?.over()
        controller.close()
      } else {
        watcher?.saw(chunk)
        controller.enqueue(chunk)
      }
    },
    cancel(reason) {
      watcher?.over()
      return reader.cancel(reason)
    },
  })
  const watch = (by: ReturnType<typeof watchAnswer>) => {
    watcher = by
  }
  return { text, body, watch }
}

function parseMessage(text: string): unknown {
  try {
    return JSON.parse(dataOf(text))
  } catch {
    // A comment, or an event of another kind: nothing that a call could have stopped with.
    return undefined
  }
}
