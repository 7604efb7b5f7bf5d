import { err, ok, type Result } from '#lib/result.ts'
import type { Todo } from './todo.ts'
import type { TodoStore } from '../api/client.ts'
import type { ToolContext } from '#catalog/tool-context.ts'
import type { ToolDenial } from '#catalog/tool-denial.ts'

interface Deleted {
  deleted: string[]
  /** The deleted ones, as they were on the list before. */
  todos: Todo[]
  notDeleted: string[]
  notFound: string[]
  unknown: string[]
  total: number | null
}

/**
 * One after the other, each sent at most once (invariant 7). Whatever stops it, the rest is left alone and reported; if
 * nothing was done at all, the answer is what stopped it. An id that is not there stops nothing. An API may answer an id
 * that it does not know like a deletion: deleted is only what was on its list before, and is not on it after.
 */
export async function deleteEach(
  ids: readonly string[],
  { api, signal, progress }: ToolContext<TodoStore>,
): Promise<Result<Deleted, ToolDenial>> {
  const done: Deleted = { deleted: [], todos: [], notDeleted: [], notFound: [], unknown: [], total: null }
  if (signal.aborted) return err({ reason: 'unavailable' })
  const before = await api.list({ ids })
  if (!before.ok) return before
  let there = before.value.todos
  let problem: ToolDenial | null = null
  const leave = (id: string) => {
    done.notDeleted.push(id)
    if (!there.some((todo) => todo.id === id)) done.notFound.push(id)
  }
  for (const [at, id] of ids.entries()) {
    if (problem === null && signal.aborted) problem = { reason: 'unavailable' }
    if (problem !== null) {
      leave(id)
      continue
    }
    const todo = there.find((one) => one.id === id)
    if (todo === undefined) {
      leave(id)
    } else {
      const list = await api.remove(id)
      // An API may refuse silently: a todo that is still on its list may or may not be deleted later.
      const isKept = list.ok && list.value.todos.some((one) => one.id === id)
      if (list.ok) {
        const { todos, part } = list.value
        there = part === null ? todos : there.filter((one) => one.id !== id)
        done.total = part?.total ?? todos.length
      } else if (list.error.reason === 'gone') {
        there = there.filter((one) => one.id !== id)
      } else {
        problem = list.error
      }
      if (isKept) problem = { reason: 'unknown_outcome' }
      if (problem?.reason === 'unknown_outcome') {
        done.unknown.push(id)
      } else if (list.ok) {
        done.deleted.push(id)
        done.todos.push(todo)
      } else {
        leave(id)
      }
    }
    if (ids.length > 1) progress(at + 1, ids.length)
  }
  if (done.deleted.length > 0) return ok(done)
  if (done.unknown.length > 0) return ids.length === 1 ? err({ reason: 'unknown_outcome' }) : ok(done)
  return err(problem ?? { reason: 'gone' })
}
