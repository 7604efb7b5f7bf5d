import { err, type Result } from '../lib/result.ts'
import type { AnyTool, ToolOutput } from '../tools/define-tool.ts'
import type { CallProblem } from './tool-refusal.ts'

/** A tool that takes too long has, as far as anyone knows, changed something, unless all it does is read. */
export async function withDeadline(
  running: Promise<Result<ToolOutput, CallProblem>>,
  deadlineMs: number,
  tool: AnyTool,
): Promise<Result<ToolOutput, CallProblem>> {
  const late: CallProblem = { reason: tool.effect === 'read' ? 'unavailable' : 'unknown_outcome' }
  const { promise, resolve } = Promise.withResolvers<Result<ToolOutput, CallProblem>>()
  const timer = setTimeout(() => resolve(err(late)), deadlineMs)
  try {
    return await Promise.race([running, promise])
  } finally {
    clearTimeout(timer)
  }
}
