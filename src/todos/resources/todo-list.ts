import { quotedJson } from '#lib/bounded-text.ts'
import { ok } from '#lib/result.ts'
import { countOf, MAX_TODOS, pageOf, todoLine } from '../tools/todo.ts'
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
    const part = { limit: MAX_TODOS }
    const list = await api.list(part)
    const page = list.ok ? pageOf(list.value, part) : list
    if (!page.ok) return page
    const { todos, total } = page.value
    const all = countOf(total)
    const forms: ResourceForm[] = [
      // Our words apart from what others wrote.
      {
        mimeType: 'text/plain',
        text: todos.length < total ? `The first ${todos.length} of ${all}.` : `${all}.`,
      },
      { mimeType: 'text/plain', text: todos.map(todoLine).join('\n') },
      { mimeType: 'application/json', text: quotedJson(page.value) },
    ]
    return ok(forms)
  },
})
