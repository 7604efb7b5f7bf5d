import { newIncident } from '#lib/trace.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { answerOAuthDenial, type OAuthDenial } from './oauth-denial.ts'

/** Soon: a User that died is there again at the next message. */
export const RETRY_AFTER_SECONDS = 5

/** Settings that an operator has to put back. */
export const SETTINGS_RETRY_SECONDS = 30

/** What `/token` says of something that is good and cannot be given now. RFC 7009 §2.2.1 knows a 503, too. */
export const comeAgainLater: OAuthDenial = {
  status: 503,
  code: 'temporarily_unavailable',
  description: 'Nothing was lost. Try again later.',
  headers: { 'Retry-After': String(SETTINGS_RETRY_SECONDS) },
}

/** Tells the log that an object or KV did not answer; outside one hears only to ask again later. */
export function reportOutage(at: 'token' | 'register' | 'bearer', error: unknown): void {
  const detail = error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error'
  log.error('storage.unavailable', { incident: newIncident(), at, detail })
}

/** An outage at `/token` or `/register`, in a client's own words: a page would tell it nothing (invariant 10). */
export async function orUnavailable(
  at: 'token' | 'register',
  request: Request,
  answer: () => Promise<Response>,
): Promise<Response> {
  try {
    return await answer()
  } catch (error) {
    reportOutage(at, error)
    return answerOAuthDenial(request, {
      status: 503,
      code: 'temporarily_unavailable',
      description: 'Nothing was lost. Try again.',
      headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) },
    })
  }
}
