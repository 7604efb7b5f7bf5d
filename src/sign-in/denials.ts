import type { LoginDenial } from '#authorization/login/denials.ts'

/** Every way a sign-in of our own pages fails. */
export type SignInDenial =
  | LoginDenial
  /** No sign-in that this browser began, or one that was used, or is too old. */
  | { reason: 'not_ours'; detail: string }
  /** The sign-in is more than an hour old. `isForced`: PingOne was asked to authenticate again and did not. */
  | { reason: 'stale'; detail: string; isForced: boolean }

/** How a sign-in of our own pages ends that did not succeed. */
export interface RefusedAnswer {
  status: 400 | 403 | 503
  title: string
  sentence: string
  /** Whether trying again can help. */
  mayRetry: boolean
  retryAfterSeconds: number | null
}

const OWN_RETRY_SECONDS = 5
const OPERATOR_RETRY_SECONDS = 60

/** One switch for all words; PingOne's own text goes no further than the log. */
export function answerSignInDenial(denial: SignInDenial): RefusedAnswer {
  switch (denial.reason) {
    case 'not_ours':
      return refuse(
        400,
        'This sign-in does not work',
        'It was used, it is too old, or it began in another browser.',
      )
    case 'stale':
      return refuse(
        403,
        'PingOne did not ask you to sign in again',
        'This needs a sign-in of the last hour. Sign out of PingOne and try again; if that does not help, tell the operator of this server. Nothing was changed.',
      )
    case 'declined':
      return refuse(403, 'You did not sign in', 'You declined at PingOne. Nothing was changed.')
    case 'scopes_withheld':
      return refuse(403, 'You did not allow the API', 'Nothing was changed.')
    case 'blocked':
      return { ...refuse(403, 'You may not use this server', BLOCKED), mayRetry: false }
    case 'refused_by_pingone':
      return refuse(403, 'PingOne did not complete the sign-in', 'Nothing was changed.')
    case 'not_trusted':
    case 'dead': // one answer for both: which check failed is nobody's business outside
      return refuse(403, 'The sign-in could not be verified', 'Nothing was changed.')
    case 'misconfigured':
      return wait('This server is not set up correctly at PingOne', OPERATOR, OPERATOR_RETRY_SECONDS)
    case 'oversized':
      return { ...refuse(403, 'PingOne says too much about your account', OVERSIZED), mayRetry: false }
    case 'broken':
      return wait(
        'This server could not finish the sign-in',
        'Wait a moment and try again.',
        OWN_RETRY_SECONDS,
      )
    case 'unavailable':
      return wait('PingOne is not answering', 'Wait a moment and try again.', denial.retryAfterSeconds)
    default:
      return denial satisfies never
  }
}

export const BLOCKED = 'The operator of this server has blocked your access. No app can act for you here.'
const OVERSIZED =
  'Its answer is longer than this server reads, because of many groups for one, and trying again does not help. The operator of this server has to limit what PingOne sends. Nothing was changed.'
const OPERATOR = 'Its operator has to act. Nothing was changed.'

const refuse = (status: 400 | 403, title: string, sentence: string): RefusedAnswer => ({
  status,
  title,
  sentence,
  mayRetry: true,
  retryAfterSeconds: null,
})

const wait = (title: string, sentence: string, retryAfterSeconds: number): RefusedAnswer => ({
  status: 503,
  title,
  sentence,
  mayRetry: true,
  retryAfterSeconds,
})
