import { z } from 'zod'
import { keptAs } from '#catalog/argument-class.ts'
import type { ToolDenial } from '#catalog/tool-denial.ts'
import { boundedText, characterCount, quotedJson, textUpTo } from '#lib/bounded-text.ts'
import { err, ok, type Result } from '#lib/result.ts'
import type { ListPart } from '../api/client.ts'
import type { TodoList } from '../api/read-answer.ts'

export const MAX_TEXT = 500
export const MAX_TODOS = 200
/** Of all texts and ids together: what a model takes in is bounded too, and long texts fill it sooner. */
const MAX_PAGE_CHARACTERS = 20_000

/** Ids of todos, as they come in from a model: nothing that means something in a path, a query or a header. */
export const TodoId = keptAs(
  'plain',
  z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,128}$/)
    .describe('Id of the todo, as listTodos gives it'),
)

/** A todo as a tool shows it. Its text was chosen by someone: a value, never an instruction. */
export const Todo = z.object({
  id: z.string().max(128),
  text: textUpTo(MAX_TEXT),
  completed: z.boolean(),
})
export type Todo = z.infer<typeof Todo>

/** Part of a list that a model can take in, how long the whole list is, and the id after which it continues. */
export const TodoPage = z.object({
  todos: z.array(Todo).max(MAX_TODOS),
  total: z.int().min(0),
  next: z.string().max(128).nullable(),
})
export type TodoPage = z.infer<typeof TodoPage>

/** For a text of which nothing can be seen: an API may have stored one. */
const NO_TEXT = '(nothing that can be seen)'

export const showTodo = (todo: Todo): Todo => ({
  ...todo,
  text: boundedText(todo.text, MAX_TEXT) || NO_TEXT,
})

/**
 * What is shown of the API's answer. An API that limits has done the work; the whole list of another one is cut here,
 * and its pages continue after an id too. `gone`: `after` is not on the list.
 */
export function pageOf(
  { todos, part }: TodoList,
  { limit = MAX_TODOS, after, completed }: ListPart,
): Result<TodoPage, ToolDenial> {
  const at = part !== null || after === undefined ? -1 : todos.findIndex(({ id }) => id === after)
  if (part === null && after !== undefined && at === -1) return err({ reason: 'gone' })
  const isAsked = (todo: Todo) => completed === undefined || todo.completed === completed
  const rest = todos.slice(at + 1).filter(isAsked)
  const shown: Todo[] = []
  let characters = 0
  for (const todo of rest.slice(0, limit).map(showTodo)) {
    characters += todo.id.length + characterCount(todo.text)
    if (characters > MAX_PAGE_CHARACTERS) break
    shown.push(todo)
  }
  const total = part?.total ?? todos.filter(isAsked).length
  const isCut = shown.length < rest.length
  return ok({ todos: shown, total, next: isCut ? (shown.at(-1)?.id ?? null) : (part?.next ?? null) })
}

/** A line for users. What others wrote is quoted: it cannot end its quotes, nor begin a line. */
export const todoLine = ({ id, text, completed }: Todo) =>
  `[${completed ? 'x' : ' '}] ${quotedJson(text)} (id ${quotedJson(id)})`

export const countOf = (todos: number, kind = '') => (todos === 1 ? `1 ${kind}todo` : `${todos} ${kind}todos`)
