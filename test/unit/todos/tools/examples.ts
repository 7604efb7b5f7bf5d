import type { Todo } from '#todos/tools/todo.ts'

interface Example {
  input: object
  /** The API's answer to the tool's request. */
  todos?: readonly Todo[]
  /** The todos before a write. Default: `todos`. */
  before?: readonly Todo[]
}

/** One valid call of each tool, with the API's todos. registry.test.ts runs each. */
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
