import { report } from './request-log.ts'

/**
 * How often an open stream checks its access token. Below the minute of invariant 3; each check wakes the user's object
 * only briefly.
 */
export const STREAM_CHECK_MS = 45_000

/** The access token that opened a stream. */
interface StreamToken {
  endsAtSeconds: number
  nowSeconds: () => number
  /** Asks the user's object whether the token is still valid. */
  isAlive: () => Promise<boolean>
  checkMs: number
}

/** Ends the response's stream with the access token of the request (invariant 3). */
export function tieToToken(response: Response, token: StreamToken): Response {
  if (response.body === null || response.headers.get('content-type') !== 'text/event-stream') return response
  const reader = response.body.getReader()
  const stop = pollToken(token, () => {
    // The client sees the end of the stream, the transport a disconnect.
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

/** Calls `end` once when the token is no longer valid. Returns a function that stops polling. */
function pollToken(
  { endsAtSeconds, nowSeconds, isAlive, checkMs }: StreamToken,
  end: () => void,
): () => void {
  const check = async () => {
    if (nowSeconds() < endsAtSeconds && (await isAliveOrUnknown(isAlive))) return
    clearInterval(timer)
    end()
  }
  const timer = setInterval(() => void check(), checkMs)
  return () => clearInterval(timer)
}

/** An outage ends no stream (invariant 10); the token's expiry still does. */
async function isAliveOrUnknown(isAlive: () => Promise<boolean>): Promise<boolean> {
  try {
    return await isAlive()
  } catch (error) {
    report('stream.not-checked', error, {})
    return true
  }
}
