import type { AnyTool } from '#catalog/define-tool.ts'
import { toolHints } from '#catalog/tool-hints.ts'

export const missingScopes = (tool: AnyTool, scopes: readonly string[]): string[] =>
  tool.scopes.filter((scope) => !scopes.includes(scope))

/**
 * A tool as clients see it, whatever their token allows: clients cache the list for days, and some refuse a tool
 * whose description has changed. Access is decided when it is called (challenge-scopes.ts).
 */
export const describeTool = ({ title, description, effect }: AnyTool) => ({
  title,
  description,
  annotations: { title, ...toolHints[effect] },
})
