import { type Catalog, engineTools } from '#catalog/define-product.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import { argumentTypes } from '#policy/arguments.ts'
import type { ArgumentTypes, PolicyCatalog } from '#policy/catalog.ts'

const ENGINE: ReadonlySet<string> = new Set(engineTools)

/** What rules can be about: a product with the engine's own tools, and what the settings say of claims. */
export function policyCatalog(
  app: string,
  { tools, prompts, resources, resourceTemplates }: Catalog,
  settings: Pick<PolicyCatalog, 'claims' | 'hasGroups'>,
): PolicyCatalog {
  const reading = { app, isTemplate: false, writes: false }
  return {
    subjects: [
      ...tools.map((tool) => ({
        app: ENGINE.has(tool.name) ? 'server' : app,
        kind: 'tool' as const,
        name: tool.name,
        isTemplate: false,
        writes: tool.effect !== 'read',
        args: argumentsOf(tool),
      })),
      ...prompts.map((prompt) => ({
        ...reading,
        kind: 'prompt' as const,
        name: prompt.name,
        args: argumentTypes(prompt.arguments),
      })),
      ...resources.map(({ uri }) => ({ ...reading, kind: 'resource' as const, name: uri, args: {} })),
      ...resourceTemplates.map((template) => ({
        ...reading,
        kind: 'resource' as const,
        name: template.uriTemplate,
        isTemplate: true,
        args: argumentTypes(template.variables),
      })),
    ],
    claims: settings.claims,
    hasGroups: settings.hasGroups,
  }
}

/** Those that say what is to be done: `confirm` says that the user agreed (splitConsent). */
function argumentsOf(tool: Pick<AnyTool, 'input' | 'confirm'>): ArgumentTypes {
  const { confirm, ...types } = argumentTypes(tool.input)
  return tool.confirm === undefined && confirm !== undefined ? { ...types, confirm } : types
}
