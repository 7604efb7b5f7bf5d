import type { Config } from '#config.ts'
import { isHttps } from '#authorization/login/answers.tsx'
import type { SignInFailure } from '#authorization/login/denials.ts'
import { log } from '#lib/log.ts'
import { newIncident } from '#lib/trace.ts'
import { answerMessage, type MessagePageProps } from '#pages/message-page.tsx'
import type { SignInDeps } from './deps.ts'

/** Every way a sign-in of our own pages fails. `detail` is for the log. */
export type SignInDenial =
  | SignInFailure
  /** This browser did not begin the sign-in, or it was used, or it has expired. */
  | { reason: 'not_ours'; detail: string }
  /** The user authenticated more than an hour ago. `isForced`: PingOne ignored `prompt=login` as well. */
  | { reason: 'stale'; detail: string; isForced: boolean }

export interface FailedSignIn {
  denial: SignInDenial
  /** Null if it could not be read. */
  purpose: { kind: string; returnTo: string } | null
  headers: Headers
}

interface DenialText {
  status: 400 | 403 | 503
  title: string
  sentence: string
  /** Whether the page offers to try again. */
  mayRetry: boolean
  retryAfterSeconds: number | null
}

/** Answers with a message page. */
export const message = (
  props: MessagePageProps,
  { config }: { config: Config },
  options: { status?: number; headers?: Headers } = {},
): Response => answerMessage({ ...config.brand, ...props }, { isHttps: isHttps(config), ...options })

/** Answers a failed sign-in: one line in the log, and a page that offers the path of its purpose again. */
export function denySignIn(
  { denial, purpose, headers }: FailedSignIn,
  deps: Pick<SignInDeps, 'config' | 'countDenial'>,
): Response {
  const incident = newIncident()
  const { reason, detail } = denial
  if (denial.reason !== 'blocked') deps.countDenial(`sign-in.${denial.reason}`)
  const facts = { incident, reason, detail, purpose: purpose?.kind ?? null }
  // Decision 7: a failure that only the operator can fix is an error, not a warning.
  const isForOperator = ['misconfigured', 'oversized', 'broken', 'stale'].includes(reason)
  if (isForOperator) log.error('sign-in.refused', facts)
  else log.warn('sign-in.refused', facts)
  const { status, title, sentence, mayRetry, retryAfterSeconds } = signInDenialText(denial)
  if (retryAfterSeconds !== null) headers.set('Retry-After', String(retryAfterSeconds))
  const next = mayRetry ? { label: 'Try again', href: purpose?.returnTo ?? '/me' } : null
  return message({ title, sentence, next, incident }, deps, { status, headers })
}

const OWN_RETRY_SECONDS = 5
const OPERATOR_RETRY_SECONDS = 60

export const BLOCKED = 'The operator of this server has blocked your access. No app can act for you here.'
const OVERSIZED =
  'Its answer is longer than this server reads, because of many groups for one, and trying again does not help. The operator of this server has to limit what PingOne sends. Nothing was changed.'
const NOT_OURS = 'It was used, it is too old, or it began in another browser.'
const STALE =
  'This needs a sign-in of the last hour. Sign out of PingOne and try again; if that does not help, tell the operator of this server. Nothing was changed.'
const OPERATOR = 'Its operator has to act. Nothing was changed.'

/** The text for each denial. PingOne's own text is only logged. */
export function signInDenialText(denial: SignInDenial): DenialText {
  switch (denial.reason) {
    case 'not_ours':
      return { ...denied('This sign-in does not work', NOT_OURS), status: 400 }
    case 'stale':
      return denied('PingOne did not ask you to sign in again', STALE)
    case 'declined':
      return denied('You did not sign in', 'You declined at PingOne. Nothing was changed.')
    case 'scopes_withheld':
      return denied('You did not allow the API')
    case 'blocked':
      return { ...denied('You may not use this server', BLOCKED), mayRetry: false }
    case 'refused_by_pingone':
      return denied('PingOne did not complete the sign-in')
    case 'not_trusted':
    case 'dead': // One text for both: an attacker must not learn which check failed.
      return denied('The sign-in could not be verified')
    case 'misconfigured':
      return wait('This server is not set up correctly at PingOne', OPERATOR_RETRY_SECONDS, OPERATOR)
    case 'oversized':
      return { ...denied('PingOne says too much about your account', OVERSIZED), mayRetry: false }
    case 'broken':
      return wait('This server could not finish the sign-in', OWN_RETRY_SECONDS)
    case 'unavailable':
      return wait('PingOne is not answering', denial.retryAfterSeconds)
    default:
      return denial satisfies never
  }
}

const denied = (title: string, sentence = 'Nothing was changed.'): DenialText => ({
  status: 403,
  title,
  sentence,
  mayRetry: true,
  retryAfterSeconds: null,
})

const wait = (
  title: string,
  retryAfterSeconds: number,
  sentence = 'Wait a moment and try again.',
): DenialText => ({ ...denied(title, sentence), status: 503, retryAfterSeconds })
