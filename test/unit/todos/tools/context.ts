import { ok } from '#lib/result.ts'
import type { Me, ToolContext } from '#catalog/tool-context.ts'
import type { TodoAnswer, TodoStore } from '#todos/api/client.ts'

export const me: Me = {
  name: 'Ada',
  scopes: ['todo:read', 'todo:write'],
  accessEndsAtSeconds: Date.UTC(2026, 0, 1, 14, 5) / 1000,
  downstream: null,
}

/** A store that lists `before` until the first write and answers every write with `answer`. */
export function storeAnswering(answer: TodoAnswer, before: TodoAnswer = answer): TodoStore {
  let now = before
  const write = async () => (now = answer)
  return { list: async () => now, add: write, update: write, remove: write }
}

export const contextWith = (
  answer: TodoAnswer = ok([]),
  over: Partial<Me> = {},
  before: TodoAnswer = answer,
): ToolContext<TodoStore> => ({
  api: storeAnswering(answer, before),
  me: { ...me, ...over },
  signal: new AbortController().signal,
  progress: () => {},
})
