import { quotedJson } from '#lib/bounded-text.ts'
import type { ToolOutput } from '#catalog/define-tool.ts'
import type { DenialWords } from '../product.ts'
import { report } from '../edge/request-log.ts'
import { policyFacts } from './policy-denial.ts'
import { type CallProblem, sayDenial } from './tool-denial.ts'

/** A tool result that is assignable to the type of both SDKs. */
export type ToolResult = {
  content: { type: 'text'; text: string }[]
  structuredContent?: Record<string, unknown>
  isError?: boolean
  _meta: Record<string, unknown>
}

/**
 * Our sentence, and the values as JSON in a separate block (invariant 9; MCP 2026-07-28 Tools, Structured Content). Text
 * that reads like an instruction stays quoted. Clients show a model one of text and `structuredContent`, so both are
 * complete (decision record 0009).
 * @step tool-call 8 result
 */
export const success = (
  { structured, text, compact = structured }: ToolOutput,
  transaction: string,
  isRepeat: boolean,
): ToolResult => ({
  content: [text, ...(Object.keys(structured).length === 0 ? [] : [quotedJson(compact)])].map((block) => ({
    type: 'text' as const,
    text: block,
  })),
  structuredContent: structured,
  _meta: { transaction, ...(isRepeat ? { repeated: true } : {}) },
})

/** Turns an exception into a tool error. An SDK would send the exception's text to the client. */
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

/** `transaction` is null when it is unknown. */
export function failure(problem: CallProblem, transaction: string | null, words: DenialWords): ToolResult {
  const incident = problem.reason === 'broken' ? { incident: problem.incident } : {}
  const decided = problem.reason === 'policy' ? policyFacts(problem.denial) : {}
  // Foreign texts are JSON values in a separate block, never part of our sentence (invariant 9).
  const items = problem.reason === 'unconfirmed' ? [quotedJson({ items: problem.confirmation.items })] : []
  return {
    content: [sayDenial(problem, words), ...items].map((text) => ({ type: 'text', text })),
    isError: true,
    _meta: { ...(transaction === null ? {} : { transaction }), ...incident, ...decided },
  }
}
