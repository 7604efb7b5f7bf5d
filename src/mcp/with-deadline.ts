import { err, type Result } from '#lib/result.ts'
import type { ToolOutput } from '#catalog/define-tool.ts'
import type { CallProblem } from './tool-denial.ts'

/** `late`: what is known then of a call that takes too long. */
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
