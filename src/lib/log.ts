import { withHiddenEscaped } from './bounded-text.ts'
import { withoutSecrets } from './redacted.ts'

/**
 * One JSON line per event, for the operator; may be sampled or lost (what must not be lost is a record in the
 * Person). The event is `noun.past-verb`, facts are fields: ids and reasons, never tokens, arguments, e-mail.
 */
type Facts = Readonly<Record<string, unknown>>

const MAX_FACT_CHARACTERS = 2000

// Every text of every event comes through here: no caller has to think of what a stranger may have put into it. A little
// more is looked at than is shown, so that nothing that is cut looks harmless.
const shown = (_name: string, value: unknown) =>
  typeof value === 'string'
    ? withoutSecrets(value.slice(0, MAX_FACT_CHARACTERS + 200)).slice(0, MAX_FACT_CHARACTERS)
    : value

// JSON escapes a newline, so that no value can begin a line of its own; it leaves what a terminal obeys all the same
// (C1 controls), what turns text around (bidi), and what no reader sees.
const line = (level: string, event: string, facts: Facts) =>
  withHiddenEscaped(JSON.stringify({ level, event, ...facts }, shown))

export const log = {
  info: (event: string, facts: Facts = {}) => console.log(line('info', event, facts)),
  warn: (event: string, facts: Facts = {}) => console.warn(line('warn', event, facts)),
  error: (event: string, facts: Facts = {}) => console.error(line('error', event, facts)),
}
