import { z } from 'zod'
import { keptAs } from '#catalog/argument-class.ts'
import { err, ok } from '#lib/result.ts'
import { defineTool } from '../define.ts'
import { showTodo, Todo, TodoId } from './todo.ts'

export const updateTodo = defineTool({
  name: 'updateTodo',
  title: 'Mark a todo as done or open',
  description:
    'Marks one todo of the signed-in user as done (completed true) or open again (completed false). Use it ' +
    'when the user says that something is finished or must be done again. Get the id from listTodos first.',
  input: z.strictObject({
    id: TodoId,
    completed: keptAs('plain', z.boolean().describe('true: it is done; false: it is open again')),
  }),
  output: z.object({ todo: Todo }),
  scopes: ['todo:read', 'todo:write'],
  effect: 'change',
  async run({ id, completed }, { api }) {
    const list = await api.update(id, completed)
    if (!list.ok) return list
    // An API may answer an id that it does not know with the unchanged list: that is a "gone", not a success.
    const todo = list.value.todos.find((candidate) => candidate.id === id)
    if (todo === undefined) return err({ reason: 'gone' })
    if (todo.completed !== completed) return err({ reason: 'unknown_outcome' })
    return ok({ todo: showTodo(todo) })
  },
  say: ({ todo }) => `The todo is marked as ${todo.completed ? 'done' : 'open'} now.`,
})
