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
import {
  type Act,
  isRead,
  noAnswer,
  readAnswer,
  TODO_ID,
  type TodoList,
  type TodoProblem,
} from './read-answer.ts'

/** Ten thousand todos of a line each. More would cost an isolate, which many users share, too much memory. */
const MAX_ANSWER_BYTES = 2_097_152

/** A part of the list: a page of it, or the todos with these ids. Without any of these: the whole list. */
export interface ListPart {
  limit?: number | undefined
  /** Only todos behind the one with this id. */
  after?: string | undefined
  completed?: boolean | undefined
  ids?: readonly string[] | undefined
}

/**
 * The user's todos, in the order of the API. `list` asks for a part, and a write for the todo that it changed. An API
 * that does not limit its answers gives its whole list each time (`TodoList`): callers take from it what they need.
 */
export interface TodoStore {
  list(part?: ListPart): Promise<TodoAnswer>
  add(text: string): Promise<TodoAnswer>
  update(id: string, completed: boolean): Promise<TodoAnswer>
  remove(id: string): Promise<TodoAnswer>
}
export type TodoAnswer = Result<TodoList, ToolDenial>

/** `api/todos` is below `baseUrl`, which may have a path. */
type TodoApi = Omit<Connection<unknown>, 'settings'>

interface Asked {
  act: Act
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  id?: string
  body?: object
  /** Asks for less than the whole list; no part of the contract. */
  query: string
}

/**
 * The downstream client of one tool call, on the contract of the Todo API.
 * @step tool-call 6-7 the API's client
 */
export function makeTodoClient(api: TodoApi, call: ApiCall): TodoStore {
  let { token } = call
  let writes = 0
  /** A call reads the same part once: its question and its act see the same todos. */
  const seen = new Map<string, TodoAnswer>()
  /** Whether the API takes more than the contract's paths. */
  let takesQueries = true

  /**
   * RFC 9110 §15.5: after a 400 or 422 the request was not carried out. A strict API may have refused the query, which it
   * does not know, so the request is sent again without.
   */
  async function attempt(keyed: ApiCall, used: Secret, asked: Asked): Promise<TodoAnswer> {
    const plain = { ...asked, query: '' }
    const { answer, mayBeQuery } = await send(api, keyed, used, takesQueries ? asked : plain)
    if (!mayBeQuery) return answer
    takesQueries = false
    return (await send(api, keyed, used, plain)).answer
  }

  /**
   * RFC 9110 §15.5.2: after a 401 the request was not carried out, so that it may be sent again, a write too (with the
   * same key), and once: a token that PingOne has just given and the API refuses is no matter of this user or grant.
   */
  async function ask(asked: Asked): Promise<TodoAnswer> {
    const used = token
    const { idempotencyKey } = call
    if (asked.method !== 'GET') {
      writes += 1
      seen.clear()
    }
    // Chosen here and not where it is sent: the same write may be sent again under another token.
    const key = writes > 1 ? `${idempotencyKey}.${writes}` : idempotencyKey
    const keyed = { ...call, idempotencyKey: key }
    const answer = await attempt(keyed, used, asked)
    if (answer.ok || answer.error.reason !== 'unauthorized') return answer
    const next = await call.replaceToken(used)
    if (next.ok) {
      token = next.value
      const again = await attempt(keyed, token, asked)
      if (again.ok || again.error.reason !== 'unauthorized') return again
    }
    // Nobody is signed out for this: it is all users at once, and a new login would give the same kind of token.
    if (next.ok || next.error === 'none_newer')
      log.error('api.refuses-tokens', { method: asked.method, transaction: call.transaction })
    return answer
  }

  return {
    async list(part = {}) {
      const query = queryOf(part)
      const known = seen.get(WHOLE) ?? seen.get(query)
      if (known !== undefined) return known
      const act = part.after === undefined ? 'read' : 'read_after'
      const answer = await ask({ act, method: 'GET', query })
      seen.set(answer.ok && answer.value.part === null ? WHOLE : query, answer)
      return answer
    },
    add: (text) => ask({ act: 'add', method: 'POST', body: { todoText: text }, query: CHANGED }),
    update: (id, completed) =>
      ask({ act: 'change', method: 'PATCH', id, body: { completed }, query: CHANGED }),
    remove: (id) => ask({ act: 'change', method: 'DELETE', id, query: CHANGED }),
  }
}

const WHOLE = ''
const CHANGED = '?only=changed'

function queryOf({ ids, ...page }: ListPart): string {
  const asked = Object.entries({ ...page, ids: ids?.join(',') })
  const query = new URLSearchParams(
    asked.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  )
  return query.size === 0 ? WHOLE : `?${query.toString()}`
}

interface Sent {
  answer: TodoAnswer
  /** The query may be why the request was refused. */
  mayBeQuery: boolean
}

async function send(api: TodoApi, call: ApiCall, token: Secret, asked: Asked): Promise<Sent> {
  const { act, method, id } = asked
  // What is no id could be a path: `..` survives every escaping. There is no todo by such a name.
  if (id !== undefined && !TODO_ID.test(id)) return { answer: err({ reason: 'gone' }), mayBeQuery: false }
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
    return { answer, mayBeQuery: asked.query !== '' && (status === 400 || status === 422) }
  } catch (error) {
    // A network has many ways to fail and no common type for them; all mean the same here: no answer.
    const isTooLarge = error instanceof TooLargeError && isRead(act)
    const problem: TodoProblem = isTooLarge ? { reason: 'too_large' } : noAnswer(act)
    const detail = error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error'
    const facts = { reason: problem.reason, method, detail, transaction: call.transaction }
    log.warn('todo-api.unanswered', facts)
    return { answer: err(problem), mayBeQuery: false }
  }
}

function makeRequest(
  api: TodoApi,
  call: ApiCall,
  token: Secret,
  { method, id, body, query }: Asked,
): Request {
  const base = api.baseUrl.href.replace(/\/*$/, '/')
  const path = id === undefined ? 'api/todos' : `api/todos/${encodeURIComponent(id)}`
  const url = new URL(`${path}${query}`, base)
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
