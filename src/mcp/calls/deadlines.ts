import type { CallProblem } from './tool-denial.ts'
import type { ToolOutput } from '#catalog/define-tool.ts'
import { type Result, err } from '#lib/result.ts'

/**
 * The signal of one call. It aborts when the client cancels, or when no new request may start, so that a running request
 * can finish before the deadline.
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

/** Answers with `late()` when the deadline passes first. */
export async function withDeadline(
  running: Promise<Result<ToolOutput, CallProblem>>,
  deadlineMs: number,
  late: () => CallProblem,
): Promise<Result<ToolOutput, CallProblem>> {
  const { promise, resolve } = Promise.withResolvers<Result<ToolOutput, CallProblem>>()
  const timer = setTimeout(() => resolve(err(late())), deadlineMs)
  try {
    return await Promise.race([running, promise])
  } finally {
    clearTimeout(timer)
  }
}
