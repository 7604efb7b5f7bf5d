import { ok } from '../../../src/lib/result.ts'
import type { Me, ToolContext, TodoAnswer, TodoStore } from '../../../src/tools/tool-context.ts'

export const me: Me = {
  name: 'Ada',
  scopes: ['todo:read', 'todo:write'],
  accessEndsAtSeconds: Date.UTC(2026, 0, 1, 14, 5) / 1000,
  downstream: null,
}

/** A store whose every answer is the same, as an API would give it. */
export const answering = (answer: TodoAnswer): TodoStore => ({
  list: async () => answer,
  add: async () => answer,
  update: async () => answer,
  remove: async () => answer,
})

export const contextWith = (answer: TodoAnswer = ok([]), over: Partial<Me> = {}): ToolContext => ({
  todos: answering(answer),
  me: { ...me, ...over },
  signal: new AbortController().signal,
  progress: () => {},
})
