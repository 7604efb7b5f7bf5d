import { boundedFetch, type Fetch, TooLargeError } from '../lib/bounded-fetch.ts'
import { log } from '../lib/log.ts'
import { redacted } from '../lib/redacted.ts'
import { err, type Result } from '../lib/result.ts'
import type { Secret } from '../lib/secret.ts'
import { type Act, noAnswer, readAnswer, type Todo, type TodoProblem } from './read-answer.ts'

const MAX_ANSWER_BYTES = 1_048_576

export interface TodoApi {
  /** fetch, or that of a service binding. */
  fetch: Fetch
  /** May have a path; `api/todos` is below it. */
  baseUrl: URL
  deadlineMs: number
  /** Seconds since 1970. */
  now: () => number
}

/** What one tool call sends with each of its requests. */
export interface TodoCall {
  token: Secret
  /** The same for the same intent, however often it is sent; an API that knows it executes a write once. */
  idempotencyKey: string
  /** A UUID, joins our log, the API's and PingOne's. */
  transaction: string
}

type Answer = Result<readonly Todo[], TodoProblem>

/** The downstream client of one tool call, on the contract of the Todo API: each answer is the whole list. */
export function makeTodoClient(api: TodoApi, call: TodoCall) {
  return {
    list: () => ask(api, call, 'GET', []),
    add: (text: string) => ask(api, call, 'POST', [], { todoText: text }),
    update: (id: string, completed: boolean) => ask(api, call, 'PATCH', [id], { completed }),
    remove: (id: string) => ask(api, call, 'DELETE', [id]),
  }
}

async function ask(
  api: TodoApi,
  call: TodoCall,
  method: string,
  path: string[],
  body?: object,
): Promise<Answer> {
  const act: Act = method === 'GET' ? 'read' : 'write'
  const request = makeRequest(api, call, method, path, body)
  try {
    const limits = { deadlineMs: api.deadlineMs, maxBytes: MAX_ANSWER_BYTES }
    const response = await boundedFetch(api.fetch, request, limits)
    const forLog = response.clone()
    const answer = await readAnswer(response, act, api.now())
    if (!answer.ok) await report(call, method, answer.error.reason, forLog)
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

function makeRequest(api: TodoApi, call: TodoCall, method: string, path: string[], body?: object): Request {
  const base = api.baseUrl.href.replace(/\/*$/, '/')
  const url = new URL(['api/todos', ...path.map(encodeURIComponent)].join('/'), base)
  const headers = new Headers({
    accept: 'application/json',
    authorization: `Bearer ${call.token.reveal()}`,
    'x-ping-external-transaction-id': call.transaction,
    traceparent: traceparent(call.transaction),
  })
  if (method !== 'GET') headers.set('idempotency-key', call.idempotencyKey)
  if (body === undefined) return new Request(url, { method, headers })
  headers.set('content-type', 'application/json')
  return new Request(url, { method, headers, body: JSON.stringify(body) })
}

/** W3C Trace Context §3.2: 16 bytes of trace id (our transaction), 8 of span id, sampled. */
function traceparent(transaction: string): string {
  const span = crypto.randomUUID().replaceAll('-', '').slice(16)
  return `00-${transaction.replaceAll('-', '').toLowerCase()}-${span}-01`
}

/** What the API said goes to the log and nowhere else: its text must never reach a model. */
async function report(call: TodoCall, method: string, reason: string, response: Response): Promise<void> {
  const detail = redacted((await response.text()).replaceAll(call.token.reveal(), '[secret]'))
  log.warn('todo-api.refused', {
    reason,
    method,
    status: response.status,
    detail,
    transaction: call.transaction,
  })
}
