import type { ToolOutput } from '../tools/define-tool.ts'
import { type CallProblem, sayRefusal } from './tool-refusal.ts'

/** Our own shape of a tool's result; assignable to that of both SDKs. */
export type ToolResult = {
  content: { type: 'text'; text: string }[]
  structuredContent?: Record<string, unknown>
  isError?: boolean
  _meta: Record<string, unknown>
}

/** Why a call could not start at all: endpoint.ts answers these with HTTP statuses (answer-stopped.ts). */
export const STOPPED = 'stopped'

export const success = (
  { structured, text }: ToolOutput,
  transaction: string,
  isRepeat: boolean,
): ToolResult => ({
  content: [{ type: 'text', text }],
  structuredContent: structured,
  _meta: { transaction, ...(isRepeat ? { repeated: true } : {}) },
})

/** `transaction`: null where what knew it is gone. */
export function failure(problem: CallProblem, transaction: string | null): ToolResult {
  const stopped = problem.reason === 'ended' || problem.reason === 'not_started' ? { [STOPPED]: problem } : {}
  const incident = problem.reason === 'broken' ? { incident: problem.incident } : {}
  // Their texts are values in JSON, in a block of their own: no sentence of ours holds them (invariant 9).
  const items =
    problem.reason === 'unconfirmed' ? [JSON.stringify({ items: problem.confirmation.items })] : []
  return {
    content: [sayRefusal(problem), ...items].map((text) => ({ type: 'text', text })),
    isError: true,
    _meta: { ...(transaction === null ? {} : { transaction }), ...incident, ...stopped },
  }
}
