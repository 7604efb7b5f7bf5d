import type { Effect } from './define-tool.ts'

/**
 * MCP 2026-07-28 Tools, Annotations. `destructiveHint: false` is promised only for additions: a change
 * overwrites what was there. The list of one user is a closed world.
 */
export const toolHints: Record<Effect, ToolHints> = {
  read: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  add: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  change: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  delete: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
}

interface ToolHints {
  readOnlyHint: boolean
  destructiveHint: boolean
  idempotentHint: boolean
  openWorldHint: boolean
}
