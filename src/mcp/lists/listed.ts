import { z } from 'zod'
import type { AnyPrompt } from '#catalog/define-prompt.ts'
import { describeTool } from './list-tools.ts'
import { listedTool } from './listed-tool.ts'
import type { Catalog } from '#catalog/define-product.ts'

/**
 * Lists as both transports give them, made once: the same for everyone, whatever a token allows. In the order of the product, so that two answers to one question are the same (MCP 2026-07-28 Tools, Listing).
 */
export function makeLists({ tools, resources, resourceTemplates, prompts }: Catalog) {
  const shownTools = tools.map((tool) => ({ ...listedTool(tool), ...describeTool(tool) }))
  const shownResources = resources.map(({ uri, name, title, description, mimeType }) => ({
    uri,
    name,
    title,
    description,
    mimeType,
  }))
  const shownTemplates = resourceTemplates.map(({ uriTemplate, name, title, description, mimeType }) => ({
    uriTemplate,
    name,
    title,
    description,
    mimeType,
  }))
  const shownPrompts = prompts.map(listedPrompt)
  return {
    tools: shownTools,
    resources: shownResources,
    resourceTemplates: shownTemplates,
    prompts: shownPrompts,
  }
}
export type Lists = ReturnType<typeof makeLists>

const Described = z.object({ description: z.string() })

function listedPrompt({ name, title, description, arguments: given }: AnyPrompt) {
  const shown = Object.entries(given.shape).map(([argument, schema]) => ({
    name: argument,
    description: Described.parse(z.globalRegistry.get(schema)).description,
    required: !schema.safeParse(undefined).success,
  }))
  return { name, title, description, arguments: shown }
}
