import type { AnyTool } from './define-tool.ts'

/** Under PROFILE=read-only a tool that could change anything does not exist: it is neither listed nor called. */
export const offeredTools = (
  tools: readonly AnyTool[],
  { isReadOnly }: { isReadOnly: boolean },
): readonly AnyTool[] =>
  isReadOnly
    ? tools.filter(({ effect, scopes }) => effect === 'read' && !scopes.includes('todo:write'))
    : tools

/** The same for what is read: what needs the permission to write is not there. */
export const offeredReads = <R extends { readonly scopes: readonly string[] }>(
  reads: readonly R[],
  { isReadOnly }: { isReadOnly: boolean },
): readonly R[] => (isReadOnly ? reads.filter(({ scopes }) => !scopes.includes('todo:write')) : reads)
