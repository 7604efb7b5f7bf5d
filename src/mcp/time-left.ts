/**
 * The signal of one call: the client's own, and the moment after which nothing new is begun, so that what was begun
 * can end, and be reported, before the deadline.
 */
export function timeLeft(cancelled: AbortSignal | undefined, ms: number) {
  const controller = new AbortController()
  const stop = () => controller.abort()
  const timer = setTimeout(stop, ms)
  if (cancelled?.aborted === true) stop()
  cancelled?.addEventListener('abort', stop, { once: true })
  return {
    signal: controller.signal,
    over: () => {
      clearTimeout(timer)
      cancelled?.removeEventListener('abort', stop)
    },
  }
}
