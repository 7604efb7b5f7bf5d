import { quotedJson } from '#lib/bounded-text.ts'
import { ok } from '#lib/result.ts'
import { countOf, pageOf, todoLine } from '../tools/todo.ts'
import type { ResourceForm } from '#catalog/define-resource.ts'
import { defineResource } from '../define.ts'

export const TODO_LIST_URI = 'todo://list'

export const todoList = defineResource({
  name: 'todoList',
  title: 'Todo list',
  description: 'The todos of the signed-in user, as lines and as JSON.',
  uri: TODO_LIST_URI,
  mimeType: 'application/json',
  scopes: ['todo:read'],
  async read({ api }) {
    const list = await api.list()
    if (!list.ok) return list
    const page = pageOf(list.value)
    const forms: ResourceForm[] = [
      // Our words apart from what others wrote.
      { mimeType: 'text/plain', text: `${countOf(page.total)}.` },
      { mimeType: 'text/plain', text: page.todos.map(todoLine).join('\n') },
      { mimeType: 'application/json', text: quotedJson(page) },
    ]
    return ok(forms)
  },
})
