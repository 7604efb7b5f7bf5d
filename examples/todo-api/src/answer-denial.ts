import type { Context } from 'hono'
import { headersOf, problemOf, type Denial } from './denial.ts'
import { callerIds, describeError, log } from './request-log.ts'

/**
 * Answers with application/problem+json (RFC 9457) and logs one line. The line repeats the caller's trace ids,
 * never the token, the query or the body.
 */
export function answerDenial(c: Context, denial: Denial, thrown?: unknown): Response {
  const problem = problemOf(denial)
  const { status, code, type: _type, title: _title, detail: _detail, ...lists } = problem
  const isServerError = status >= 500
  // The id connects the caller's error to the line in the log.
  const incident = isServerError ? { incident: crypto.randomUUID() } : {}
  log(isServerError ? 'error' : 'warn', 'request.refused', {
    status,
    code,
    ...('why' in denial ? { why: denial.why } : {}),
    ...lists,
    ...incident,
    method: c.req.method,
    path: c.req.path.slice(0, 200),
    ...callerIds(c),
    ...(thrown === undefined ? {} : { error: describeError(thrown) }),
  })
  return c.body(JSON.stringify({ ...problem, ...incident }), status, {
    ...headersOf(denial),
    'Content-Type': 'application/problem+json',
  })
}
