import { z } from 'zod'
import { ok } from '../lib/result.ts'
import { defineTool } from './define-tool.ts'
import { countOf, MAX_TEXT, showTodo, Todo, todoLine } from './todo.ts'

export const addTodo = defineTool({
  name: 'addTodo',
  title: 'Add a todo',
  description:
    'Adds one todo to the list of the signed-in person and returns it with its id. Use it when the person ' +
    'asks to note, remember or plan something; call it once for each todo. Calling it twice adds it twice.',
  input: z.strictObject({ text: z.string().trim().min(1).max(MAX_TEXT).describe('What needs doing') }),
  output: z.object({
    /** null: added, but the answer of the API does not show which one it is. */
    todo: Todo.nullable(),
    total: z.int().min(0),
  }),
  scopes: ['todo:read', 'todo:write'],
  effect: 'add',
  async run({ text }, { todos }) {
    const list = await todos.add(text)
    if (!list.ok) return list
    // The API answers with the whole list and does not name the new todo: it is the last one with this text.
    const added = list.value.findLast((todo) => todo.text.trim() === text)
    return ok({ todo: added === undefined ? null : showTodo(added), total: list.value.length })
  },
  say({ todo, total }) {
    const now = `The list now has ${countOf(total)}.`
    return todo === null
      ? `The todo was added, but its id is not known; listTodos shows it. ${now}`
      : `Added: ${todoLine(todo)}\n${now}`
  },
})
