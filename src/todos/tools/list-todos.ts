import { z } from 'zod'
import { keptAs } from '#catalog/argument-class.ts'
import { defineTool } from '../define.ts'
import { countOf, MAX_TODOS, pageOf, TodoId, TodoPage } from './todo.ts'

/** Few lists are longer, and a model pays for each todo. */
const PAGE = 50

export const listTodos = defineTool({
  name: 'listTodos',
  title: 'List todos',
  description:
    'Lists the todos of the signed-in user with their ids and whether they are done. Use it to answer what ' +
    'is on the list, and before updateTodo or deleteTodo to find the id. It changes nothing. If next is not null, ' +
    'there are more: call it again with after set to next.',
  input: z.strictObject({
    limit: keptAs('plain', z.int().min(1).max(MAX_TODOS).optional().describe(`Default ${PAGE}`)),
    after: TodoId.optional().describe('Only todos behind this id'),
    completed: keptAs(
      'plain',
      z.boolean().optional().describe('true: only done ones; false: only open ones'),
    ),
  }),
  output: TodoPage,
  scopes: ['todo:read'],
  effect: 'read',
  async run({ limit = PAGE, after, completed }, { api }) {
    const part = { limit, after, completed }
    const list = await api.list(part)
    return list.ok ? pageOf(list.value, part) : list
  },
  compact: ({ todos, total, next }) => ({
    todos: todos.map(({ id, text, completed }) => (completed ? [id, text, 'done'] : [id, text])),
    total,
    next,
  }),
  say({ todos, total, next }, { after, completed }) {
    const kind = completed === undefined ? '' : completed ? 'done ' : 'open '
    if (total === 0) return `There are no ${kind}todos.`
    const rows = 'Each row below has an id and a text and the word done if it is done.'
    const more = next === null ? '' : ' Call listTodos with after set to next for more.'
    const all = countOf(total, kind)
    if (after !== undefined) return `${todos.length} more of ${all}. ${rows}${more}`
    return next === null ? `${all}. ${rows}` : `The first ${todos.length} of ${all}. ${rows}${more}`
  },
})
