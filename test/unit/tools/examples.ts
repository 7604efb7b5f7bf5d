import type { Todo } from '../../../src/tools/todo.ts'

/** One good call of each tool, and the todos that the API answers with: registry.test.ts makes each of them. */
export const examples: Readonly<Record<string, { input: object; todos?: readonly Todo[] }>> = {
  whoAmI: { input: {} },
  listTodos: { input: {}, todos: [{ id: '1', text: 'Buy milk', completed: false }] },
  addTodo: { input: { text: 'Buy milk' }, todos: [{ id: '1', text: 'Buy milk', completed: false }] },
  updateTodo: {
    input: { id: '1', completed: true },
    todos: [{ id: '1', text: 'Buy milk', completed: true }],
  },
  deleteTodo: { input: { id: '1' } },
}
