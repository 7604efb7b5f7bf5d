import { z } from 'zod'
import { err, ok, type Result } from '#lib/result.ts'
import type { AnyTool, ToolOutput } from '#catalog/define-tool.ts'
import type { CallProblem } from './tool-denial.ts'

const MAX_BYTES = 65_536

const Kept = z.object({ structured: z.record(z.string(), z.unknown()), text: z.string() })

/** What the User keeps of an answer, to give it again; null when it is too large to keep. */
export function toKeep({ structured, text }: ToolOutput): string | null {
  const kept = JSON.stringify({ structured, text })
  return new TextEncoder().encode(kept).byteLength > MAX_BYTES ? null : kept
}

/** The answer of an earlier call; that it was done is all that is said where it is not there or no longer fits. */
export function readKept(tool: AnyTool, result: string | null): Result<ToolOutput, CallProblem> {
  const kept = result === null ? null : Kept.safeParse(JSON.parse(result))
  // A release may have changed the tool since.
  const fits = kept?.success === true && tool.output.safeParse(kept.data.structured).success
  return fits ? ok(kept.data) : err({ reason: 'already_done' })
}
