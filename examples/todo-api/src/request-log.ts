import type { Context } from 'hono'

// W3C Trace Context §3.2. Ping's header has no published grammar, so only plain ids are accepted.
const callerIdHeaders = [
  { header: 'X-Ping-External-Transaction-Id', name: 'transactionId', form: /^[\w.:-]{1,128}$/ },
  { header: 'traceparent', name: 'traceparent', form: /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/ },
] as const

export function callerIds(c: Context): Record<string, string> {
  const found = callerIdHeaders.flatMap(({ header, name, form }) => {
    const value = c.req.header(header)
    return value !== undefined && form.test(value) ? [[name, value] as const] : []
  })
  return Object.fromEntries(found)
}

const MAX_TEXT = 2_000

/** Text that looks like a JWT or follows the word Bearer. */
const secrets = /\beyJ[\w-]{4,}(?:\.[\w-]*){0,4}|\bBearer\s+\S+/gi

/** Writes one JSON line. Event names are `noun.past-verb`. */
export function log(
  level: 'log' | 'warn' | 'error',
  event: string,
  facts: Readonly<Record<string, unknown>>,
): void {
  console[level](
    JSON.stringify({ level: level === 'log' ? 'info' : level, event, ...facts }, (_name, value: unknown) =>
      redact(value),
    ),
  )
}

function redact(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(secrets, '[secret]').slice(0, MAX_TEXT) : value
}

/** An error with its causes, for the log only. */
export function describeError(thrown: unknown, depth = 0): unknown {
  if (!(thrown instanceof Error)) return { thrown: typeof thrown }
  const { name, message, stack, cause } = thrown
  const nested = cause === undefined || depth > 2 ? {} : { cause: describeError(cause, depth + 1) }
  return { name, message, stack, ...nested }
}

/** One line for each write that was done, so that a tool call can be traced to its effect here. Never a text. */
export function logWrite(c: Context, isReplayed: boolean): void {
  log('log', 'todos.written', {
    method: c.req.method,
    path: c.req.path.slice(0, 200),
    isReplayed,
    ...callerIds(c),
  })
}
