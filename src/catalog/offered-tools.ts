import type { Catalog, ScopeText } from './define-product.ts'

/** Under PROFILE=read-only nothing that could change anything exists: it is neither listed nor called. */
export function readOnly(catalog: Catalog, scopes: readonly ScopeText[]): Catalog {
  const writing = scopes.filter(({ writes }) => writes).map(({ name }) => name)
  const isReading = ({ scopes: needed }: { readonly scopes: readonly string[] }) =>
    !needed.some((scope) => writing.includes(scope))
  return {
    tools: catalog.tools.filter((tool) => tool.effect === 'read' && isReading(tool)),
    resources: catalog.resources.filter(isReading),
    resourceTemplates: catalog.resourceTemplates.filter(isReading),
    prompts: catalog.prompts.filter(isReading),
  }
}
