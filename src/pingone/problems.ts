import * as oauth from 'oauth4webapi'
import { TooLargeError } from '#lib/bounded-fetch.ts'
import { loggedErrorCode } from '#lib/redacted.ts'
import { err, type Err } from '#lib/result.ts'

/**
 * Every way PingOne can fail us, in three kinds (decision 7) and one for answers that do not hold.
 * `detail` is for the log only: it is ours or a code of a standard, never a sentence of PingOne's.
 */
export type PingOneProblem =
  /** It passes by itself: nothing is lost, ask again later. */
  | { reason: 'unavailable'; detail: string; retryAfterSeconds: number }
  /** What was presented is spent or revoked: asking again cannot help. */
  | { reason: 'dead'; detail: string }
  /** Our settings and PingOne's do not fit: an operator has to act. */
  | { reason: 'misconfigured'; detail: string }
  /** An answer was longer than we read. It will be so again, until an operator limits what PingOne sends. */
  | { reason: 'oversized'; detail: string }
  /** An answer arrived and one of our checks refuses it. */
  | { reason: 'not_trusted'; detail: string }

const RETRY_AFTER_SECONDS = 5
const MOST_RETRY_AFTER_SECONDS = 300

export const unavailable = (detail: string, retryAfterSeconds = RETRY_AFTER_SECONDS): Err<PingOneProblem> =>
  err({ reason: 'unavailable', detail, retryAfterSeconds })

export const oversized = (detail: string): Err<PingOneProblem> => err({ reason: 'oversized', detail })

export const notTrusted = (detail: string): Err<PingOneProblem> => err({ reason: 'not_trusted', detail })

/** Answers that say nothing about the request: the service is down, busy, or something else answered for it. */
export function judgeStatus(response: Response): Err<PingOneProblem> | null {
  if (response.status < 500 && response.status !== 429) return null
  const asked = Number(response.headers.get('Retry-After') ?? Number.NaN)
  const seconds = Number.isInteger(asked) && asked > 0 ? asked : RETRY_AFTER_SECONDS
  return unavailable(`status ${response.status}`, Math.min(seconds, MOST_RETRY_AFTER_SECONDS))
}

// RFC 6749 §5.2. Only `invalid_grant` says that what was presented is dead; the others say that we are set up
// wrongly, which must not sign anyone out.
const judgeErrorCode = (code: string): PingOneProblem =>
  code === 'invalid_grant'
    ? { reason: 'dead', detail: code }
    : { reason: 'misconfigured', detail: loggedErrorCode(code) }

/** `detail` where PingOne says that it finds no such policy; which error code comes with it is not documented. */
export const POLICY_NOT_FOUND = 'policy_not_found'

export const policyNotFound = { reason: 'misconfigured', detail: POLICY_NOT_FOUND } as const

/** The text that was seen. It decides which of our own words are logged, and nothing else. */
export const namesNoPolicy = (description: string | null | undefined): boolean =>
  /\b(?:PolicyId|FlowId) not found\b/i.test((description ?? '').slice(0, 1000))

const UNREADABLE: readonly string[] = [
  oauth.PARSE_ERROR,
  oauth.RESPONSE_IS_NOT_JSON,
  oauth.RESPONSE_IS_NOT_CONFORM,
]

/** What a step of the OIDC library threw, as a value. Anything unknown is a bug and is thrown on. */
export function problemOf(error: unknown): Err<PingOneProblem> {
  if (error instanceof oauth.ResponseBodyError) {
    if (namesNoPolicy(error.error_description)) return err(policyNotFound)
    return err(judgeErrorCode(error.error))
  }
  // A 401 whose challenge header speaks for it: our authentication was refused (RFC 6749 §5.2).
  if (error instanceof oauth.WWWAuthenticateChallengeError) return err(judgeErrorCode('invalid_client'))
  if (error instanceof oauth.OperationProcessingError) {
    if (UNREADABLE.includes(error.code ?? '')) return unavailable(error.code ?? 'unreadable')
    if (error.code === oauth.HTTP_REQUEST_FORBIDDEN || error.code === oauth.MISSING_SERVER_METADATA) {
      return err({ reason: 'misconfigured', detail: error.code })
    }
    return notTrusted(error.code ?? 'unexpected answer')
  }
  if (error instanceof oauth.UnsupportedOperationError) return notTrusted(error.code)
  if (error instanceof TooLargeError) return oversized(error.message)
  if (isFromTheNetwork(error)) return unavailable(error.name)
  throw error
}

// What fetch and its deadline throw, in workerd and in Node. workerd gives network failures as plain Errors, so
// callers hand only errors of an outbound request to `problemOfRequest`.
const isFromTheNetwork = (error: unknown): error is Error =>
  error instanceof Error && ['TimeoutError', 'AbortError', 'NetworkError'].includes(error.name)

/** Our own signing key does not sign. It says no more: what the platform says may be about the key's parts. */
export class UnusableKey extends Error {}

/** What a request itself threw: there was no answer, whatever the runtime calls it. */
export function problemOfRequest(error: unknown): Err<PingOneProblem> {
  if (error instanceof UnusableKey)
    return err({ reason: 'misconfigured', detail: 'MCP_SERVER_PRIVATE_KEY does not sign' })
  if (error instanceof TooLargeError) return oversized(error.message)
  return unavailable(error instanceof Error ? error.name : 'no answer')
}
