import type { Todo } from '#todos/tools/todo.ts'

interface Example {
  input: object
  /** What the API answers with. */
  todos?: readonly Todo[]
  /** What was there before a write; unset: the same. */
  before?: readonly Todo[]
}

/** One good call of each tool, and the todos of the API: registry.test.ts makes each of them. */
export const examples: Readonly<Record<string, Example>> = {
  whoAmI: { input: {} },
  listTodos: { input: {}, todos: [{ id: '1', text: 'Buy milk', completed: false }] },
  addTodo: {
    input: { text: 'Buy milk' },
    before: [],
    todos: [{ id: '1', text: 'Buy milk', completed: false }],
  },
  updateTodo: {
    input: { id: '1', completed: true },
    todos: [{ id: '1', text: 'Buy milk', completed: true }],
  },
  deleteTodo: { input: { id: '1' }, before: [{ id: '1', text: 'Buy milk', completed: true }], todos: [] },
}
