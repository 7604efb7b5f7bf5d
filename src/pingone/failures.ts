import { errors as joseErrors } from 'jose'
import * as oauth from 'oauth4webapi'
import { TooLargeError } from '#lib/bounded-fetch.ts'
import { loggedErrorCode } from '#lib/redacted.ts'
import { err, type Err } from '#lib/result.ts'

/**
 * Every way a request to PingOne can fail (decision 7). `detail` is for the log only: our own words or a standard error
 * code, never PingOne's text.
 */
export type PingOneFailure =
  /** Transient: retry later. */
  | { reason: 'unavailable'; detail: string; retryAfterSeconds: number }
  /** The code or token is used up, expired or revoked: a retry cannot help. */
  | { reason: 'dead'; detail: string }
  /** The settings do not match PingOne's: an operator must act. */
  | { reason: 'misconfigured'; detail: string }
  /** The answer exceeds our limit. Permanent until an operator makes PingOne send less. */
  | { reason: 'oversized'; detail: string }
  /** The answer failed one of our checks. */
  | { reason: 'not_trusted'; detail: string }

const RETRY_AFTER_SECONDS = 5
const MOST_RETRY_AFTER_SECONDS = 300

export const unavailable = (detail: string, retryAfterSeconds = RETRY_AFTER_SECONDS): Err<PingOneFailure> =>
  err({ reason: 'unavailable', detail, retryAfterSeconds })

export const oversized = (detail: string): Err<PingOneFailure> => err({ reason: 'oversized', detail })

export const notTrusted = (detail: string): Err<PingOneFailure> => err({ reason: 'not_trusted', detail })

/** A failure for 5xx and 429; null for any other status. */
export function statusFailure(response: Response): Err<PingOneFailure> | null {
  if (response.status < 500 && response.status !== 429) return null
  const wanted = Number(response.headers.get('Retry-After') ?? Number.NaN)
  const seconds = Number.isInteger(wanted) && wanted > 0 ? wanted : RETRY_AFTER_SECONDS
  return unavailable(`status ${response.status}`, Math.min(seconds, MOST_RETRY_AFTER_SECONDS))
}

// RFC 6749 §5.2. Only `invalid_grant` means a dead grant. All others are wrong settings, which must not sign users out.
const errorCodeFailure = (code: string): PingOneFailure =>
  code === 'invalid_grant'
    ? { reason: 'dead', detail: code }
    : { reason: 'misconfigured', detail: loggedErrorCode(code) }

/** `detail` where PingOne does not find the flow policy; the error code for that is not documented. */
export const POLICY_NOT_FOUND = 'policy_not_found'

export const policyNotFound = { reason: 'misconfigured', detail: POLICY_NOT_FOUND } as const

/** Matches PingOne's observed text. It decides only which of our own words are logged. */
export const namesNoPolicy = (description: string | null | undefined): boolean =>
  /\b(?:PolicyId|FlowId) not found\b/i.test((description ?? '').slice(0, 1000))

const UNREADABLE: readonly string[] = [
  oauth.PARSE_ERROR,
  oauth.RESPONSE_IS_NOT_JSON,
  oauth.RESPONSE_IS_NOT_CONFORM,
]

/**
 * Turns an error of oauth4webapi into a failure. Unknown errors are bugs and are rethrown.
 * @step refresh 7-12 the kinds of failure
 */
export function failureOf(error: unknown): Err<PingOneFailure> {
  if (error instanceof oauth.ResponseBodyError) {
    if (namesNoPolicy(error.error_description)) return err(policyNotFound)
    return err(errorCodeFailure(error.error))
  }
  // A 401 with a challenge: PingOne rejected our client authentication (RFC 6749 §5.2).
  if (error instanceof oauth.WWWAuthenticateChallengeError) return err(errorCodeFailure('invalid_client'))
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

// The names that fetch and its deadline throw in workerd and Node. workerd throws network failures as plain Errors, so
// only errors of an outbound request go to `requestFailure`.
const isFromTheNetwork = (error: unknown): error is Error =>
  error instanceof Error && ['TimeoutError', 'AbortError', 'NetworkError'].includes(error.name)

/** Our signing key does not work. Has no details: the platform's error may contain parts of the key. */
export class UnusableKeyError extends Error {}

/** Turns an error of an outbound request into a failure: there was no answer. */
export function requestFailure(error: unknown): Err<PingOneFailure> {
  if (error instanceof UnusableKeyError)
    return err({ reason: 'misconfigured', detail: 'MCP_SERVER_PRIVATE_KEY does not sign' })
  if (error instanceof TooLargeError) return oversized(error.message)
  return unavailable(error instanceof Error ? error.name : 'no answer')
}

/**
 * Gives the errors of jose and oauth4webapi the names that a log line shows. Both take them from their classes, whose names
 * the bundle shortens.
 */
export function nameErrors(): void {
  // Without destructuring: that keeps all of the library in the bundle.
  const named = {
    ...joseErrors,
    AuthorizationResponseError: oauth.AuthorizationResponseError,
    OperationProcessingError: oauth.OperationProcessingError,
    ResponseBodyError: oauth.ResponseBodyError,
    UnsupportedOperationError: oauth.UnsupportedOperationError,
    WWWAuthenticateChallengeError: oauth.WWWAuthenticateChallengeError,
  }
  for (const [name, error] of Object.entries(named)) Object.defineProperty(error, 'name', { value: name })
}
