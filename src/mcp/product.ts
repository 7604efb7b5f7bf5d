import type { AnyPrompt } from '#catalog/define-prompt.ts'
import type { AnyResource, AnyTemplate } from '#catalog/define-resource.ts'
import type { AnyTool } from '#catalog/define-tool.ts'

/** The lists of the product: what exists under the settings, in the order in which clients see it. */
export interface McpProduct {
  tools: readonly AnyTool[]
  resources: readonly AnyResource[]
  resourceTemplates: readonly AnyTemplate[]
  prompts: readonly AnyPrompt[]
}
