import { z } from 'zod'
import { err, ok } from '../lib/result.ts'
import { defineTool } from './define-tool.ts'
import { countOf, TodoId } from './todo.ts'

export const deleteTodo = defineTool({
  name: 'deleteTodo',
  title: 'Delete a todo',
  description:
    'Deletes one todo of the signed-in person for good. Use it only when the person asks to remove it; for ' +
    'something that is finished use updateTodo. Get the id from listTodos first. It cannot be undone.',
  input: z.strictObject({ id: TodoId }),
  output: z.object({ id: z.string().max(128), total: z.int().min(0) }),
  scopes: ['todo:read', 'todo:write'],
  effect: 'delete',
  async run({ id }, { todos }) {
    const list = await todos.remove(id)
    if (!list.ok) return list
    if (list.value.some((todo) => todo.id === id)) return err({ reason: 'unknown_outcome' })
    return ok({ id, total: list.value.length })
  },
  // An API may answer an id that it does not know like a deletion: so this says what is, not what was done.
  say: ({ id, total }) => `There is no todo with the id ${id} any more. The list now has ${countOf(total)}.`,
})
