import { report } from './report.ts'

/**
 * How often an open stream asks whether its access token is still alive. Under the minute of invariant 3; the question
 * wakes the object of its user for a moment, and does not keep it awake.
 */
export const STREAM_CHECK_MS = 45_000

/** The access token that opened a stream. */
export interface StreamToken {
  endsAtSeconds: number
  nowSeconds: () => number
  /** Asks the User: not revoked, not replaced too often, its grant not ended. */
  isAlive: () => Promise<boolean>
  checkMs: number
}

/** The same response; its stream ends with the access token of the request (invariant 3). */
export function tieToToken(response: Response, token: StreamToken): Response {
  if (response.body === null || response.headers.get('content-type') !== 'text/event-stream') return response
  const reader = response.body.getReader()
  const stop = whenOver(token, () => {
    // The client sees the end of the stream; the transport sees a client that disconnected.
    void reader.cancel('the access token is over').catch(() => {})
  })
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (!done) return controller.enqueue(value)
        stop()
        controller.close()
      } catch (error) {
        stop()
        controller.error(error)
      }
    },
    cancel(reason) {
      stop()
      return reader.cancel(reason)
    },
  })
  return new Response(body, response)
}

/** Calls `end` once. Returns a function that stops the polling. */
function whenOver({ endsAtSeconds, nowSeconds, isAlive, checkMs }: StreamToken, end: () => void): () => void {
  const check = async () => {
    if (nowSeconds() < endsAtSeconds && (await isAliveOrUnknown(isAlive))) return
    clearInterval(timer)
    end()
  }
  const timer = setInterval(() => void check(), checkMs)
  return () => clearInterval(timer)
}

/** An outage ends no stream: the token's own end does in any case (invariant 10). */
async function isAliveOrUnknown(isAlive: () => Promise<boolean>): Promise<boolean> {
  try {
    return await isAlive()
  } catch (error) {
    report('stream.not-checked', error, {})
    return true
  }
}
