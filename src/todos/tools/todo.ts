import { z } from 'zod'
import { boundedText, characterCount, quotedJson, textUpTo } from '#lib/bounded-text.ts'

export const MAX_TEXT = 500
const MAX_TODOS = 200
/** Of all texts and ids together: what a model takes in is bounded too, and long texts fill it sooner. */
const MAX_PAGE_CHARACTERS = 20_000

/** Ids of todos, as they come in from a model: nothing that means something in a path, a query or a header. */
export const TodoId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,128}$/)
  .describe('Id of the todo, as listTodos gives it')

/** A todo as a tool shows it. Its text was chosen by someone: a value, never an instruction. */
export const Todo = z.object({
  id: z.string().max(128),
  text: textUpTo(MAX_TEXT),
  completed: z.boolean(),
})
export type Todo = z.infer<typeof Todo>

/** Part of a list that a model can take in, and how long the whole list is. */
export const TodoPage = z.object({
  todos: z.array(Todo).max(MAX_TODOS),
  total: z.int().min(0),
})
type TodoPage = z.infer<typeof TodoPage>

/** For a text of which nothing can be seen: an API may have stored one. */
const NO_TEXT = '(nothing that can be seen)'

export const showTodo = (todo: Todo): Todo => ({
  ...todo,
  text: boundedText(todo.text, MAX_TEXT) || NO_TEXT,
})

export function pageOf(todos: readonly Todo[]): TodoPage {
  const shown: Todo[] = []
  let characters = 0
  for (const todo of todos.slice(0, MAX_TODOS).map(showTodo)) {
    characters += todo.id.length + characterCount(todo.text)
    if (characters > MAX_PAGE_CHARACTERS) break
    shown.push(todo)
  }
  return { todos: shown, total: todos.length }
}

/** A line for users. What others wrote is quoted: it cannot end its quotes, nor begin a line. */
export const todoLine = ({ id, text, completed }: Todo) =>
  `[${completed ? 'x' : ' '}] ${quotedJson(text)} (id ${quotedJson(id)})`

export const countOf = (todos: number) => (todos === 1 ? '1 todo' : `${todos} todos`)
