import { boundedFetch, TooLargeError } from '#lib/bounded-fetch.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { err, type Result } from '#lib/result.ts'
import type { Secret } from '#lib/secret.ts'
import { traceHeaders } from '#lib/trace.ts'
import type { Connection } from '#catalog/define-product.ts'
import type { ToolDenial } from '#catalog/tool-denial.ts'
import type { ApiCall } from '#catalog/tool-context.ts'
import { describeAnswer } from './describe-answer.ts'
import { type Act, noAnswer, readAnswer, type Todo, TODO_ID, type TodoProblem } from './read-answer.ts'

/** Ten thousand todos of a line each. More would cost an isolate, which many users share, too much memory. */
const MAX_ANSWER_BYTES = 2_097_152

/** The user's todos. Every answer is the whole list after the act, in the order of the API. */
export interface TodoStore {
  list(): Promise<TodoAnswer>
  add(text: string): Promise<TodoAnswer>
  update(id: string, completed: boolean): Promise<TodoAnswer>
  remove(id: string): Promise<TodoAnswer>
}
export type TodoAnswer = Result<readonly Todo[], ToolDenial>

/** `api/todos` is below `baseUrl`, which may have a path. */
type TodoApi = Omit<Connection<unknown>, 'settings'>

interface Asked {
  act: Act
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  id?: string
  body?: object
}

/**
 * The downstream client of one tool call, on the contract of the Todo API: each answer is the whole list.
 * @step tool-call 6-7 the API's client
 */
export function makeTodoClient(api: TodoApi, call: ApiCall): TodoStore {
  let { token } = call
  let writes = 0
  /** A call reads the list once: its question and its act see the same list. */
  let seen: TodoAnswer | null = null

  /**
   * RFC 9110 §15.5.2: after a 401 the request was not carried out, so that it may be sent again, a write too (with the
   * same key), and once: a token that PingOne has just given and the API refuses is no matter of this user or grant.
   */
  async function ask(asked: Asked): Promise<TodoAnswer> {
    const used = token
    const { idempotencyKey } = call
    if (asked.method !== 'GET') {
      writes += 1
      seen = null
    }
    // Chosen here and not where it is sent: the same write may be sent again under another token.
    const key = writes > 1 ? `${idempotencyKey}.${writes}` : idempotencyKey
    const keyed = { ...call, idempotencyKey: key }
    const answer = await send(api, keyed, used, asked)
    if (answer.ok || answer.error.reason !== 'unauthorized') return answer
    const next = await call.replaceToken(used)
    if (next.ok) {
      token = next.value
      const again = await send(api, keyed, token, asked)
      if (again.ok || again.error.reason !== 'unauthorized') return again
    }
    // Nobody is signed out for this: it is all users at once, and a new login would give the same kind of token.
    if (next.ok || next.error === 'none_newer')
      log.error('api.refuses-tokens', { method: asked.method, transaction: call.transaction })
    return answer
  }

  return {
    async list() {
      seen ??= await ask({ act: 'read', method: 'GET' })
      return seen
    },
    add: (text: string) => ask({ act: 'add', method: 'POST', body: { todoText: text } }),
    update: (id: string, completed: boolean) =>
      ask({ act: 'change', method: 'PATCH', id, body: { completed } }),
    remove: (id: string) => ask({ act: 'change', method: 'DELETE', id }),
  }
}

async function send(api: TodoApi, call: ApiCall, token: Secret, asked: Asked): Promise<TodoAnswer> {
  const { act, method, id } = asked
  // What is no id could be a path: `..` survives every escaping. There is no todo by such a name.
  if (id !== undefined && !TODO_ID.test(id)) return err({ reason: 'gone' })
  try {
    const limits = { deadlineMs: api.deadlineMs, maxBytes: MAX_ANSWER_BYTES }
    const response = await boundedFetch(api.fetch, makeRequest(api, call, token, asked), limits)
    const { status, headers } = response
    const heard = { status, headers, text: await response.text() }
    const answer = readAnswer(heard, act, api.now())
    if (!answer.ok) {
      const facts = { reason: answer.error.reason, method, ...describeAnswer(heard) }
      log.warn('todo-api.refused', { ...facts, transaction: call.transaction })
    }
    return answer
  } catch (error) {
    // A network has many ways to fail and no common type for them; all mean the same here: no answer.
    const isTooLarge = error instanceof TooLargeError && act === 'read'
    const problem: TodoProblem = isTooLarge ? { reason: 'too_large' } : noAnswer(act)
    const detail = error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error'
    const facts = { reason: problem.reason, method, detail, transaction: call.transaction }
    log.warn('todo-api.unanswered', facts)
    return err(problem)
  }
}

function makeRequest(api: TodoApi, call: ApiCall, token: Secret, { method, id, body }: Asked): Request {
  const base = api.baseUrl.href.replace(/\/*$/, '/')
  const url = new URL(id === undefined ? 'api/todos' : `api/todos/${encodeURIComponent(id)}`, base)
  const headers = new Headers({
    accept: 'application/json',
    authorization: `Bearer ${token.reveal()}`,
    ...traceHeaders(call.transaction),
  })
  if (method !== 'GET') headers.set('idempotency-key', call.idempotencyKey)
  if (body === undefined) return new Request(url, { method, headers })
  headers.set('content-type', 'application/json')
  return new Request(url, { method, headers, body: JSON.stringify(body) })
}
