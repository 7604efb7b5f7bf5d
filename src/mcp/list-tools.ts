import type { AnyTool, Scope } from '../tools/define-tool.ts'
import { toolHints } from '../tools/tool-hints.ts'

export const missingScopes = (tool: AnyTool, scopes: readonly string[]): Scope[] =>
  tool.scopes.filter((scope) => !scopes.includes(scope))

/**
 * What a client is told about a tool. A tool that the access token does not cover is listed all the same,
 * because clients keep the list for days: access is decided when it is called (challenge-scopes.ts).
 */
export function describeTool(tool: AnyTool, scopes: readonly string[]) {
  const missing = missingScopes(tool, scopes)
  const needs = missing.length === 0 ? '' : ` Needs ${missing.join(' and ')}: calling it asks for permission.`
  return {
    title: tool.title,
    description: tool.description + needs,
    annotations: { title: tool.title, ...toolHints[tool.effect] },
  }
}
