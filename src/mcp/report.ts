import { newIncident } from '#lib/trace.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'

/** The outside sees the incident id and nothing else. */
export function report(event: string, error: unknown, facts: Record<string, unknown>): string {
  const incident = newIncident()
  const detail = error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error'
  log.error(event, { incident, detail, ...facts })
  return incident
}
