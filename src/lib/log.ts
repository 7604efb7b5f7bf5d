import { withHiddenEscaped } from './bounded-text.ts'
import { wholeWords, withoutSecrets } from './redacted.ts'

/**
 * One JSON line per event, for the operator; may be sampled or lost (what must not be lost is a record in the
 * Person). The event is `noun.past-verb`, facts are fields: ids and reasons, never tokens, arguments, e-mail.
 */
type Facts = Readonly<Record<string, unknown>>

const MAX_FACT_CHARACTERS = 2000

// Every text of every event passes through here, so no caller has to redact input. It reads a little more than it
// shows, and whole words only, so that a secret that is cut off is still recognized.
const shown = (_name: string, value: unknown) =>
  typeof value === 'string'
    ? withoutSecrets(wholeWords(value, MAX_FACT_CHARACTERS + 200)).slice(0, MAX_FACT_CHARACTERS)
    : value

// JSON escapes a newline, so no value can begin a line of its own. It does not escape C1 controls, which a terminal
// obeys, bidi controls and invisible characters.
const line = (level: string, event: string, facts: Facts) =>
  withHiddenEscaped(JSON.stringify({ level, event, ...facts }, shown))

export const log = {
  info: (event: string, facts: Facts = {}) => console.log(line('info', event, facts)),
  warn: (event: string, facts: Facts = {}) => console.warn(line('warn', event, facts)),
  error: (event: string, facts: Facts = {}) => console.error(line('error', event, facts)),
}
