import { z } from 'zod'
import { ok } from '#lib/result.ts'
import { defineTool } from '../define.ts'
import { countOf, pageOf, TodoPage } from './todo.ts'

export const listTodos = defineTool({
  name: 'listTodos',
  title: 'List todos',
  description:
    'Lists the todos of the signed-in user with their ids and whether they are done. Use it to answer what ' +
    'is on the list, and before updateTodo or deleteTodo to find the id. It changes nothing.',
  input: z.strictObject({}),
  output: TodoPage,
  scopes: ['todo:read'],
  effect: 'read',
  async run(_input, { api }) {
    const list = await api.list()
    return list.ok ? ok(pageOf(list.value)) : list
  },
  say({ todos, total }) {
    if (total === 0) return 'There are no todos.'
    const rest = total - todos.length
    if (rest === 0) return `${countOf(total)}.`
    // Asking once more would give the same ones: so it says what the user can do instead.
    const hint = `The other ${rest} cannot be shown here. Tell the user; deleting some of the first makes room.`
    return `The first ${todos.length} of ${countOf(total)}. ${hint}`
  },
})
