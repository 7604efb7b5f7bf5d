import { err, ok, type Result } from '../lib/result.ts'
import type { ToolContext } from './tool-context.ts'
import type { ToolProblem } from './tool-problem.ts'

interface Deleted {
  deleted: string[]
  notDeleted: string[]
  unknown: string[]
  total: number | null
}

/**
 * One after the other, each sent at most once (invariant 7). Whatever stops it, the rest is left alone and reported; if
 * nothing was done at all, the answer is what stopped it. An id that is gone stops nothing.
 */
export async function deleteEach(
  ids: readonly string[],
  { todos, signal, progress }: ToolContext,
): Promise<Result<Deleted, ToolProblem>> {
  const done: Deleted = { deleted: [], notDeleted: [], unknown: [], total: null }
  let problem: ToolProblem | null = null
  for (const [at, id] of ids.entries()) {
    if (problem === null && signal.aborted) problem = { reason: 'unavailable' }
    if (problem !== null) {
      done.notDeleted.push(id)
      continue
    }
    const list = await todos.remove(id)
    if (list.ok) done.total = list.value.length
    // An API may refuse in silence: what is on its list is not deleted, and may still be.
    const failed = list.ok
      ? list.value.some((todo) => todo.id === id)
        ? 'unknown_outcome'
        : null
      : list.error.reason
    if (failed === null) done.deleted.push(id)
    else if (failed === 'unknown_outcome') done.unknown.push(id)
    else done.notDeleted.push(id)
    if (failed !== null && failed !== 'gone') problem = list.ok ? { reason: 'unknown_outcome' } : list.error
    if (ids.length > 1) progress(at + 1, ids.length)
  }
  if (done.deleted.length > 0) return ok(done)
  if (done.unknown.length > 0) return ids.length === 1 ? err({ reason: 'unknown_outcome' }) : ok(done)
  return err(problem ?? { reason: 'gone' })
}
