import { z } from 'zod'
import { err, ok, type Result } from '../lib/result.ts'

/** A todo of the API: fields that we do not know are dropped; one that we cannot address is not a todo. */
const Todo = z.object({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/),
  text: z.string(),
  completed: z.boolean(),
})
export type Todo = z.infer<typeof Todo>

const Answer = z.object({ todos: z.array(Todo) })

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

export type Act = 'read' | 'write'

/** For a read that got no usable answer nothing is lost; a write that was sent may have been executed. */
export const noAnswer = (act: Act): TodoProblem =>
  act === 'read' ? { reason: 'unavailable' } : { reason: 'unknown_outcome' }

/** Judges an answer; needs no network. */
export async function readAnswer(
  response: Response,
  act: Act,
  now: number,
): Promise<Result<Todo[], TodoProblem>> {
  if (!response.ok) return err(readRefusal(response, act, now))
  const answer = Answer.safeParse(parseJson(await response.text()))
  return answer.success ? ok(answer.data.todos) : err(noAnswer(act))
}

function readRefusal({ status, headers }: Response, act: Act, now: number): TodoProblem {
  if (status === 401) return { reason: 'unauthorized' }
  if (status === 403) return { reason: 'forbidden' }
  if (status === 404 || status === 410) return { reason: 'gone' }
  if (status === 413) return { reason: 'too_large' }
  if (status === 429)
    return { reason: 'busy', retryAfterSeconds: readRetryAfter(headers.get('retry-after'), now) }
  // RFC 9110 §15.5: a 4xx says that the request was not carried out. The two exceptions say nothing about that:
  // 408 is a timeout, 409 may be the same write still running.
  if (status >= 400 && status < 500 && status !== 408 && status !== 409) return { reason: 'invalid' }
  return noAnswer(act)
}

/** RFC 9110 §10.2.3: seconds or a date. At most an hour, so that a wrong clock does not stop a model for days. */
function readRetryAfter(value: string | null, now: number): number | null {
  if (value === null) return null
  const seconds = /^\d{1,9}$/.test(value) ? Number(value) : Math.ceil(Date.parse(value) / 1000 - now)
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 1), 3600) : null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON is judged like JSON of another shape: the schema says no.
    return undefined
  }
}
