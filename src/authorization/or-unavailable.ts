import { newIncident } from '../lib/incident.ts'
import { log } from '../lib/log.ts'
import { redacted } from '../lib/redacted.ts'
import { answerOAuthRefusal } from './oauth-refusal.ts'

/** Soon: a Person that died is there again at the next message. */
export const RETRY_AFTER_SECONDS = 5

/** Tells the log that an object or KV did not answer; outside one hears only to ask again later. */
export function reportOutage(at: 'token' | 'bearer', error: unknown): void {
  const detail = error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error'
  log.error('storage.unavailable', { incident: newIncident(), at, detail })
}

/** An outage at `/token`, in a client's own words: a page would tell it nothing (invariant 10). */
export async function orUnavailable(request: Request, answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer()
  } catch (error) {
    reportOutage('token', error)
    return answerOAuthRefusal(request, {
      status: 503,
      code: 'temporarily_unavailable',
      description: 'Nothing was lost. Try again.',
      headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) },
    })
  }
}
