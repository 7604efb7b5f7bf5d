const MAX_TEXT = 2_000

/** Anything that looks like a JWT, or follows the word Bearer, does not get into a log. */
const secrets = /\beyJ[\w-]{4,}(?:\.[\w-]*){0,4}|\bBearer\s+\S+/gi

/** One JSON line for the operator. Names are `noun.past-verb`; facts are fields. */
export function log(level: 'warn' | 'error', event: string, facts: Readonly<Record<string, unknown>>): void {
  console[level](JSON.stringify({ level, event, ...facts }, (_name, value: unknown) => redact(value)))
}

function redact(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(secrets, '[secret]').slice(0, MAX_TEXT) : value
}

/** What a thrown thing says about itself, causes included, for the log only. */
export function describeError(thrown: unknown, depth = 0): unknown {
  if (!(thrown instanceof Error)) return { thrown: typeof thrown }
  const { name, message, stack, cause } = thrown
  const nested = cause === undefined || depth > 2 ? {} : { cause: describeError(cause, depth + 1) }
  return { name, message, stack, ...nested }
}
