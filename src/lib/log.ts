/**
 * One JSON line per event, for the operator; may be sampled or lost (what must not be lost is a record in the
 * Person). The event is `noun.past-verb`, facts are fields: ids and reasons, never tokens, arguments, e-mail.
 */
type Facts = Readonly<Record<string, unknown>>

const MAX_FACT_CHARACTERS = 2000

// JSON escapes a newline, so that no value can begin a line of its own; it leaves what a terminal obeys all the same
// (C1 controls) and what turns text around (bidi).
const UNSEEN = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu
const escaped = (unseen: string) =>
  Array.from(
    { length: unseen.length },
    (_, at) => `\\u${unseen.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('')
const bounded = (_name: string, value: unknown) =>
  typeof value === 'string' ? value.slice(0, MAX_FACT_CHARACTERS) : value

const line = (level: string, event: string, facts: Facts) =>
  JSON.stringify({ level, event, ...facts }, bounded).replaceAll(UNSEEN, escaped)

export const log = {
  info: (event: string, facts: Facts = {}) => console.log(line('info', event, facts)),
  warn: (event: string, facts: Facts = {}) => console.warn(line('warn', event, facts)),
  error: (event: string, facts: Facts = {}) => console.error(line('error', event, facts)),
}
