import { newIncident } from '#lib/trace.ts'
import { log } from '#lib/log.ts'
import { message } from './answers.tsx'
import type { RefusedSignIn } from './own-sign-in.ts'
import type { AccountDeps } from './deps.ts'
import { answerSignInDenial } from './denials.ts'
import { pathOf } from '#account/step-up-request.ts'

/** A sign-in of our own pages that did not succeed: one line for the operator, one page for the user. */
export function refuseSignIn(parts: AccountDeps, { denial, purpose, headers }: RefusedSignIn): Response {
  const incident = newIncident()
  const { reason, detail } = denial
  const facts = { incident, reason, detail, purpose: purpose?.kind ?? null }
  // Decision 7: what only an operator can mend is an error, not a warning.
  const isForOperator = ['misconfigured', 'oversized', 'broken', 'stale'].includes(reason)
  if (isForOperator) log.error('sign-in.refused', facts)
  else log.warn('sign-in.refused', facts)
  const { status, title, sentence, mayRetry, retryAfterSeconds } = answerSignInDenial(denial)
  if (retryAfterSeconds !== null) headers.set('Retry-After', String(retryAfterSeconds))
  // A step-up begins at its own link, which is as good as it was; for all else the way on is the page with the button.
  const href = purpose?.kind === 'step-up' ? pathOf(purpose.request) : '/me'
  const next = mayRetry ? { label: 'Try again', href } : null
  return message({ title, sentence, next, incident }, parts, { status, headers })
}
