import { z } from 'zod'
import { quotedJson } from '#lib/bounded-text.ts'
import { err, ok } from '#lib/result.ts'
import { showTodo, TodoId, todoLine } from '../tools/todo.ts'
import { defineTemplate } from '../define.ts'

export const todoItem = defineTemplate({
  name: 'todoItem',
  title: 'One todo',
  description: 'One todo of the signed-in user by its id, as a line and as JSON.',
  uriTemplate: 'todo://items/{id}',
  mimeType: 'application/json',
  variables: z.strictObject({ id: TodoId }),
  scopes: ['todo:read'],
  async read({ id }, { api }) {
    const list = await api.list({ ids: [id] })
    if (!list.ok) return list
    const found = list.value.todos.find((todo) => todo.id === id)
    if (found === undefined) return err({ reason: 'gone' })
    const { text, completed } = showTodo(found)
    const todo = { id, text, completed }
    return ok([
      { mimeType: 'text/plain', text: todoLine(todo) },
      { mimeType: 'application/json', text: quotedJson(todo) },
    ])
  },
  complete: {
    async id({ api }) {
      const list = await api.list()
      return list.ok ? ok(list.value.todos.map((todo) => todo.id)) : list
    },
  },
})
