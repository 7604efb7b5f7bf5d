import type { LimitAnswer } from '#limits/failures.ts'
import { answerOAuthDenial } from './oauth-denial.ts'

/** RFC 6585 §4, in the form of `/token` and `/register`. Their specifications have no code for it: this one says "later". */
export const tooManyAt =
  (request: Request): LimitAnswer =>
  (waitSeconds) =>
    answerOAuthDenial(request, {
      status: 429,
      code: 'temporarily_unavailable',
      description: 'Too many requests. Nothing was done. Try again later.',
      headers: { 'Retry-After': String(waitSeconds) },
    })
