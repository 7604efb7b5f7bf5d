import { ok, type Result } from '#lib/result.ts'
import type { Me, ToolContext } from '#catalog/tool-context.ts'
import type { ToolDenial } from '#catalog/tool-denial.ts'
import type { TodoAnswer, TodoStore } from '#todos/api/client.ts'
import type { Todo } from '#todos/tools/todo.ts'

export const me: Me = {
  name: 'Ada',
  scopes: ['todo:read', 'todo:write'],
  accessEndsAtSeconds: Date.UTC(2026, 0, 1, 14, 5) / 1000,
  downstream: null,
}

type Todos = Result<readonly Todo[], ToolDenial>

/** The answer of an API that does not limit: its whole list. */
export const wholeList = (todos: Todos): TodoAnswer =>
  todos.ok ? ok({ todos: todos.value, part: null }) : todos

/** A store without limits that lists `before` until the first write and answers every write with `answer`. */
export function storeAnswering(answer: Todos, before: Todos = answer): TodoStore {
  let now = wholeList(before)
  const write = async () => (now = wholeList(answer))
  return { list: async () => now, add: write, update: write, remove: write }
}

export const contextWith = (
  answer: Todos = ok([]),
  over: Partial<Me> = {},
  before: Todos = answer,
): ToolContext<TodoStore> => ({
  api: storeAnswering(answer, before),
  me: { ...me, ...over },
  signal: new AbortController().signal,
  progress: () => {},
})
