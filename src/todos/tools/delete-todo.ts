import { z } from 'zod'
import { keptAs } from '#catalog/argument-class.ts'
import { err, ok } from '#lib/result.ts'
import { defineTool } from '../define.ts'
import { deleteEach } from './delete-each.ts'
import { countOf, showTodo, Todo, TodoId } from './todo.ts'

/** As many as a user can look through before they agree. */
const MOST = 20

const Ids = keptAs('plain', z.array(TodoId).min(1).max(MOST))
/** Without the words for a model, which are paid for on every turn. */
const Answered = z.array(z.string().max(128)).max(MOST)
const idsOf = ({ id, ids }: { id?: string | undefined; ids?: string[] | undefined }): string[] => [
  ...new Set(id === undefined ? ids : [id]),
]

export const deleteTodo = defineTool({
  name: 'deleteTodo',
  title: 'Delete todos',
  description:
    'Deletes todos of the signed-in user for good: one by id, or several by ids. Use it only when the user ' +
    'asks to remove them; for something that is finished use updateTodo. Get the ids from listTodos first. It ' +
    'cannot be undone, so more than one, or one that is not done, is deleted only after the user was asked.',
  input: z
    .strictObject({ id: TodoId.optional(), ids: Ids.optional() })
    .refine(({ id, ids }) => (id === undefined) !== (ids === undefined)),
  output: z.object({
    deleted: Answered,
    /** The deleted ones, as they were before. */
    todos: z.array(Todo).max(MOST),
    /** Not begun, refused, or not found: nothing was changed. */
    notDeleted: Answered,
    /** Those of them that are not on the list. */
    notFound: Answered,
    /** Nobody knows: at most one, because nothing is sent after it. */
    unknown: Answered,
    /** Of the whole list; null: the API gave no list after the last of them. */
    total: z.int().min(0).nullable(),
  }),
  scopes: ['todo:read', 'todo:write'],
  effect: 'delete',
  async confirm(input, { api }) {
    const ids = idsOf(input)
    const list = await api.list({ ids })
    if (!list.ok) return list
    const found = list.value.todos.filter((todo) => ids.includes(todo.id))
    const [first] = found
    if (first === undefined) return err({ reason: 'gone' })
    if (found.length === 1 && first.completed) return ok(null)
    const question =
      found.length === 1
        ? 'Delete this todo for good? It is not done yet.'
        : `Delete these ${found.length} todos for good?`
    return ok({ question, items: found.map(showTodo).map(({ id, text }) => ({ id, text })) })
  },
  run: async (input, context) => {
    const done = await deleteEach(idsOf(input), context)
    return done.ok ? ok({ ...done.value, todos: done.value.todos.map(showTodo) }) : done
  },
  isUnknown: ({ unknown }) => unknown.length > 0,
  say({ deleted, notDeleted, notFound, unknown, total }) {
    const left = notDeleted.length - notFound.length
    const lines = [
      [deleted.length, (count: string) => `Deleted ${count}.`],
      [left, (count: string) => `Not deleted, and as before: ${count}.`],
      [notFound.length, (count: string) => `Not found on the list: ${count}.`],
      [
        unknown.length,
        (count: string) =>
          `It is unknown whether ${count} was deleted: look with listTodos and do not repeat it.`,
      ],
    ] as const
    const said = lines.flatMap(([count, sentence]) => (count === 0 ? [] : [sentence(countOf(count))]))
    return [...said, ...(total === null ? [] : [`The list now has ${countOf(total)}.`])].join(' ')
  },
})
