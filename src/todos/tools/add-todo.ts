import { z } from 'zod'
import { keptAs } from '#catalog/argument-class.ts'
import { cleanText, writtenText } from '#lib/bounded-text.ts'
import { err, ok } from '#lib/result.ts'
import type { TodoList } from '../api/read-answer.ts'
import { defineTool } from '../define.ts'
import { countOf, MAX_TEXT, showTodo, Todo } from './todo.ts'

const Added = z.object({
  /** null: the answer of the API does not show which one it is. */
  todo: Todo.nullable(),
  /** How many are on the list that were not there just before: more than one where somebody else adds as well. */
  newTodos: z.int().min(0),
  total: z.int().min(0),
})
type Added = z.infer<typeof Added>

export const addTodo = defineTool({
  name: 'addTodo',
  title: 'Add a todo',
  description:
    'Adds one todo, a line of text, to the list of the signed-in user and returns it with its id. Use it when ' +
    'the user asks to note, remember or plan something; call it once for each todo. Calling it twice adds it twice.',
  input: z.strictObject({ text: keptAs('personal', writtenText(MAX_TEXT).describe('What needs doing')) }),
  output: Added,
  scopes: ['todo:read', 'todo:write'],
  effect: 'add',
  async run({ text }, { api, signal }) {
    if (cleanText(text) === '') return err({ reason: 'invisible' })
    const before = await api.list({ limit: 1 })
    if (!before.ok) return before
    // Cancelled meanwhile, or too late to hear an answer.
    if (signal.aborted) return err({ reason: 'unavailable' })
    const after = await api.add(text)
    return after.ok ? ok(findAdded(text, before.value, after.value)) : after
  },
  isUnknown: ({ newTodos }) => newTodos === 0,
  say({ todo, newTodos, total }) {
    const now = `The list now has ${countOf(total)}.`
    if (todo !== null) return `Added. ${now}`
    return newTodos === 0
      ? `The Todo API accepted the todo, but its answer shows no new one: it is not known whether it was added. Do not add it again; look with listTodos. ${now}`
      : `Added. ${countOf(newTodos)} were added at the same time, and it is not known which of them is this one; listTodos shows them. ${now}`
  },
})

/** An API that answers with its whole list does not name the new todo; it may also write its text in another way. */
function findAdded(text: string, before: TodoList, after: TodoList): Added {
  const total = after.part?.total ?? after.todos.length
  if (after.part === null && before.part !== null)
    return { todo: null, newTodos: Math.max(0, total - before.part.total), total }
  const known = new Set(after.part === null ? before.todos.map(({ id }) => id) : [])
  const fresh = after.todos.filter(({ id }) => !known.has(id))
  const [added, ...others] =
    fresh.length === 1 ? fresh : fresh.filter((todo) => cleanText(todo.text) === text)
  const isCertain = added !== undefined && others.length === 0
  return { todo: isCertain ? showTodo(added) : null, newTodos: fresh.length, total }
}
