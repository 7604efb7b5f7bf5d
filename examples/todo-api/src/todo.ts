import { z } from 'zod'

export const Todo = z.object({ id: z.string(), text: z.string(), completed: z.boolean() })
export type Todo = z.infer<typeof Todo>

export type Change =
  | { readonly kind: 'add'; readonly text: string }
  | { readonly kind: 'complete'; readonly id: string; readonly completed: boolean }
  | { readonly kind: 'delete'; readonly id: string }

/** A part of the list: a page in the order of the list, or the todos with these ids. */
export type Part =
  | {
      readonly kind: 'page'
      readonly limit: number
      /** Only todos behind the one with this id. */
      readonly after: string | undefined
      readonly completed: boolean | undefined
    }
  | { readonly kind: 'ids'; readonly ids: readonly string[] }

/** The whole list; or a part, with the number of todos of which it is a part and the id to continue after. */
export type Listed = WholeList | (WholeList & { readonly total: number; readonly next: string | null })

/** The whole list; or only the todo of a write, with the number of todos on the list. */
export type Changed = WholeList | (WholeList & { readonly only: 'changed'; readonly total: number })

type WholeList = { readonly todos: Todo[] }

const MAX_CHARACTERS = 500
const SEEN = /[[\p{L}\p{N}\p{P}\p{S}]--[\p{Default_Ignorable_Code_Point}\u2800\ufffc]]/v
const FLAG_OR_UNSEEN = /(\u{1f3f4}[\u{e0061}-\u{e007a}]{5}\u{e007f})|[[\p{Cc}\p{Cf}]--[\u200c\u200d]]/gv

/**
 * One line of text. Line breaks and tabs become spaces. Invisible characters are removed: controls, direction
 * marks, zero-width and tag characters. Characters that scripts and emoji need stay: the two joiners, variation
 * selectors, and the tags of a flag.
 */
const TodoText = z
  .string({ error: 'must be text' })
  .transform(toOneLine)
  .refine((text) => SEEN.test(text), { error: 'must not be empty' })
  .refine((text) => Array.from(text).length <= MAX_CHARACTERS, {
    error: `must have at most ${MAX_CHARACTERS} characters`,
  })

export const Addition = z.strictObject({ todoText: TodoText })
export const Completion = z.strictObject({ completed: z.boolean({ error: 'must be true or false' }) })

/** Anything else in a path is an unknown todo. */
export const TodoId = z.uuid()

function toOneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, ' ')
    .replace(FLAG_OR_UNSEEN, '$1')
    .trim()
}
