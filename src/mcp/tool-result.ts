import { quotedJson } from '#lib/bounded-text.ts'
import type { ToolOutput } from '#catalog/define-tool.ts'
import type { DenialWords } from './product.ts'
import { report } from './report.ts'
import { type CallProblem, sayDenial } from './tool-denial.ts'

/** Our own shape of a tool's result; assignable to that of both SDKs. */
export type ToolResult = {
  content: { type: 'text'; text: string }[]
  structuredContent?: Record<string, unknown>
  isError?: boolean
  _meta: Record<string, unknown>
}

/** Why a call could not start at all: endpoint.ts answers these with HTTP statuses (answer-stopped.ts). */
export const STOPPED = 'stopped'

/**
 * Our words, and in a block of their own the values as JSON (invariant 9; MCP 2026-07-28 Tools, Structured Content, asks
 * for the same): a text that reads like an instruction stays inside its quotes.
 */
export const success = (
  { structured, text }: ToolOutput,
  transaction: string,
  isRepeat: boolean,
): ToolResult => ({
  content: [text, ...(Object.keys(structured).length === 0 ? [] : [quotedJson(structured)])].map((block) => ({
    type: 'text' as const,
    text: block,
  })),
  structuredContent: structured,
  _meta: { transaction, ...(isRepeat ? { repeated: true } : {}) },
})

/** Around what a transport does for a call: an SDK would give the text of an exception to the client. */
export async function orBroken<T>(
  tool: string,
  words: DenialWords,
  answer: () => Promise<T>,
): Promise<T | ToolResult> {
  try {
    return await answer()
  } catch (error) {
    return failure({ reason: 'broken', incident: report('tool.broken', error, { tool }) }, null, words)
  }
}

/** `transaction`: null where what knew it is gone. */
export function failure(problem: CallProblem, transaction: string | null, words: DenialWords): ToolResult {
  const stopped = problem.reason === 'ended' || problem.reason === 'not_started' ? { [STOPPED]: problem } : {}
  const incident = problem.reason === 'broken' ? { incident: problem.incident } : {}
  // Their texts are values in JSON, in a block of their own: no sentence of ours holds them (invariant 9).
  const items = problem.reason === 'unconfirmed' ? [quotedJson({ items: problem.confirmation.items })] : []
  return {
    content: [sayDenial(problem, words), ...items].map((text) => ({ type: 'text', text })),
    isError: true,
    _meta: { ...(transaction === null ? {} : { transaction }), ...incident, ...stopped },
  }
}
