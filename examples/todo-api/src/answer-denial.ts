import type { Context } from 'hono'

import { describeError, log } from './log.ts'
import { headersOf, problemOf, type Denial } from './denial.ts'

/**
 * A denial as application/problem+json (RFC 9457) and as one line in the log. The line has
 * the ids by which the caller finds its own records; it never has the token, the query or the body.
 */
export function answerDenial(c: Context, denial: Denial, thrown?: unknown): Response {
  const problem = problemOf(denial)
  const { status, code, type: _type, title: _title, detail: _detail, ...lists } = problem
  const isOurs = status >= 500
  // Where the operator has to look, both sides get an id to find the same event by.
  const incident = isOurs ? { incident: crypto.randomUUID() } : {}
  log(isOurs ? 'error' : 'warn', 'request.refused', {
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

// W3C Trace Context §3.2; Ping's own header has no published grammar, so only a plain id is taken.
const callerIdHeaders = [
  { header: 'X-Ping-External-Transaction-Id', name: 'transactionId', form: /^[\w.:-]{1,128}$/ },
  { header: 'traceparent', name: 'traceparent', form: /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/ },
] as const

function callerIds(c: Context): Record<string, string> {
  const found = callerIdHeaders.flatMap(({ header, name, form }) => {
    const value = c.req.header(header)
    return value !== undefined && form.test(value) ? [[name, value] as const] : []
  })
  return Object.fromEntries(found)
}
