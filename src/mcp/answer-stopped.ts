import type { OAuthResourceContext } from '@cloudflare/workers-oauth-provider'
import { z } from 'zod'
import { dataOf } from './clean-answer.ts'
import { errorCode, jsonRpcError } from './json-rpc-error.ts'
import { noteAnswer, type RequestLine, watchAnswer } from './request-log.ts'
import { LASTING } from './tool-denial.ts'
import { STOPPED } from './tool-result.ts'

const StopMeta = z.object({
  [STOPPED]: z.discriminatedUnion('reason', [
    z.object({ reason: z.literal('ended') }),
    z.object({
      reason: z.literal('not_started'),
      retryAfterSeconds: z.number(),
      isLasting: z.boolean().default(false),
    }),
  ]),
})
/** A tool carries the reason in its result, a read in its error. */
const Stopped = z.union([
  z.object({ result: z.object({ _meta: StopMeta }) }).transform(({ result }) => result._meta[STOPPED]),
  z.object({ error: z.object({ data: StopMeta }) }).transform(({ error }) => error.data[STOPPED]),
])

/**
 * Replaces the answer of a call that could not start by HTTP 401 or 503. Both SDKs answer calls and reads with HTTP 200
 * only, but clients sign in again only on 401 and retry only on 503. This reads the first message before anything is
 * sent to the client.
 * @step tool-call 8 401 and 503 instead of 200
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
  const stop = stopped.data
  if (stop.reason === 'ended') {
    return jsonRpcError(401, errorCode.refused, 'This access has ended. Sign in again to use this server.', {
      'www-authenticate': challenge(auth),
    })
  }
  const retry = { 'retry-after': String(stop.retryAfterSeconds) }
  const words = stop.isLasting ? LASTING : 'This call could not be started. Try again later.'
  return jsonRpcError(503, errorCode.refused, words, retry)
}

/** RFC 6750 §3.1 and RFC 9728 §5.1, with the same metadata URL as the resource server's challenge. */
function challenge({ audience }: { audience: string }): string {
  const { origin, pathname } = new URL(audience)
  const metadata = `${origin}/.well-known/oauth-protected-resource${pathname}`
  return `Bearer realm="OAuth", error="invalid_token", resource_metadata="${metadata}"`
}

/** Reads to the end of the first event, or the whole JSON body. A keep-alive comment counts as an event. */
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
    // A comment or another kind of event: not the answer of a stopped call.
    return undefined
  }
}
