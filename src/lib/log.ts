/**
 * One JSON line per event, for the operator; may be sampled or lost (what must not be lost is a record in the
 * Person). The event is `noun.past-verb`, facts are fields: ids and reasons, never tokens, arguments, e-mail.
 */
type Facts = Readonly<Record<string, unknown>>

const line = (level: string, event: string, facts: Facts) => JSON.stringify({ level, event, ...facts })

export const log = {
  info: (event: string, facts: Facts = {}) => console.log(line('info', event, facts)),
  warn: (event: string, facts: Facts = {}) => console.warn(line('warn', event, facts)),
  error: (event: string, facts: Facts = {}) => console.error(line('error', event, facts)),
}
