import { z } from 'zod'
import { err, ok, type Result } from '#lib/result.ts'

/** What can be put into a path and means nothing there. */
export const TODO_ID = /^[A-Za-z0-9_-]{1,128}$/

/**
 * A todo of the API: fields that we do not know are dropped; one that we cannot address is not a todo. Ids may be
 * numbers there; with us they are text, as they are in a path.
 */
const Id = z.union([z.string().regex(TODO_ID), z.int().min(0).transform(String)])
const Todo = z.object({
  id: Id,
  text: z.string(),
  completed: z.boolean(),
})
export type Todo = z.infer<typeof Todo>

const Answer = z.object({ todos: z.array(Todo) })
const Total = z.int().min(0)
/** Says that the API has limited its answer. In any other form these are fields that we do not know. */
const PartOfList = z.object({ total: Total, next: Id.nullable() })
const OnlyChanged = z
  .object({ only: z.literal('changed'), total: Total })
  .transform(({ total }) => ({ total, next: null }))

export interface TodoList {
  todos: readonly Todo[]
  /** null: `todos` is the whole list. Else the number of todos of which they are a part, and the id to continue after. */
  part: z.infer<typeof PartOfList> | null
}

/** Why there are no todos. After `unknown_outcome` a write may or may not have happened; after all others not. */
export type TodoProblem =
  | {
      reason:
        | 'unauthorized'
        | 'forbidden'
        | 'gone'
        | 'invalid'
        | 'too_large'
        | 'unavailable'
        | 'unknown_outcome'
    }
  | { reason: 'busy'; retryAfterSeconds: number | null }

/** `change` is of one todo, by its id; `read_after` names one too. */
export type Act = 'read' | 'read_after' | 'add' | 'change'
export const isRead = (act: Act): boolean => act === 'read' || act === 'read_after'

/** An answer that was read to its end. */
export interface Heard {
  status: number
  headers: Headers
  text: string
}

/** For a read that got no usable answer nothing is lost; a write that was sent may have been executed. */
export const noAnswer = (act: Act): TodoProblem =>
  isRead(act) ? { reason: 'unavailable' } : { reason: 'unknown_outcome' }

/**
 * Judges an answer; needs no network. Its content type says nothing that parsing does not say better.
 * @step tool-call 7 the API's answer
 */
export function readAnswer(heard: Heard, act: Act, now: number): Result<TodoList, TodoProblem> {
  if (heard.status < 200 || heard.status > 299) return err(readDenial(heard, act, now))
  const json = parseJson(heard.text)
  const answer = Answer.safeParse(json)
  if (!answer.success) return err(noAnswer(act))
  const part = (isRead(act) ? PartOfList : OnlyChanged).safeParse(json)
  return ok({ todos: answer.data.todos, part: part.success ? part.data : null })
}

function readDenial({ status, headers }: Heard, act: Act, now: number): TodoProblem {
  const retryAfterSeconds = readRetryAfter(headers.get('retry-after'), now)
  if (status === 401) return { reason: 'unauthorized' }
  if (status === 403) return { reason: 'forbidden' }
  if (status === 413) return { reason: 'too_large' }
  if (status === 429) return { reason: 'busy', retryAfterSeconds }
  if (status === 503 && isRead(act) && retryAfterSeconds !== null)
    return { reason: 'busy', retryAfterSeconds }
  // RFC 9110 §15.5: a 4xx says that the request was not carried out. The two exceptions say nothing about that: 408
  // is a timeout, and 409 may be the same write still running, where a proxy sent it twice because of its key.
  if (status < 400 || status > 499 || status === 408 || status === 409) return noAnswer(act)
  const isMissing = status === 404 || status === 410
  if ((act === 'change' || act === 'read_after') && isMissing) return { reason: 'gone' }
  // A list that is not there, and a request without values that is not valid: then this is not the API at all.
  return isRead(act) || isMissing ? { reason: 'unavailable' } : { reason: 'invalid' }
}

// RFC 9110 §5.6.7: the one form that senders may write; Date.parse alone takes nearly anything for a date.
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/** RFC 9110 §10.2.3: seconds or a date. At most an hour, so that a wrong clock does not stop a model for days. */
function readRetryAfter(value: string | null, now: number): number | null {
  const text = value ?? ''
  if (/^\d+$/.test(text)) return bounded(Number(text))
  return HTTP_DATE.test(text) ? bounded(Math.ceil(Date.parse(text) / 1000 - now)) : null
}

const bounded = (seconds: number): number | null =>
  Number.isNaN(seconds) ? null : Math.min(Math.max(seconds, 1), 3600)

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON is judged like JSON of another shape: the schema says no.
    return undefined
  }
}
