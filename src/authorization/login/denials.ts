import type { AuthorizationErrorCode } from '@cloudflare/workers-oauth-provider'
import { loggedErrorCode } from '#lib/redacted.ts'
import type { EndReason } from '#users/grants/grant.ts'
import { namesNoPolicy, type PingOneFailure, policyNotFound } from '#pingone/failures.ts'

/** Every way a login fails after our consent page, as the room tells it to itself. `detail` is for the log. */
export type LoginDenial =
  | { reason: 'declined'; detail: string }
  | { reason: 'refused_by_pingone'; detail: string }
  | { reason: 'scopes_withheld'; detail: string }
  /** An operator blocked this user. */
  | { reason: 'blocked'; detail: string }
  /** A bug, or an outage on our side, after PingOne's answer was used up. */
  | { reason: 'broken'; detail: string }
  | PingOneFailure

/** What the outside sees of it: back to the client with an error of RFC 6749 §4.1.2.1, or a page with "try again". */
export type LoginAnswer =
  | HomeAnswer
  | { to: 'user'; status: 503; title: string; sentence: string; retryAfterSeconds: number }

export interface HomeAnswer {
  to: 'client'
  code: AuthorizationErrorCode
  description: string
}

/** The user said no on our own page. */
export const deniedHere: HomeAnswer = {
  to: 'client',
  code: 'access_denied',
  description: 'The user declined',
}

/** The user did not want to wait any longer. */
export const leftDuringOutage: HomeAnswer = {
  to: 'client',
  code: 'temporarily_unavailable',
  description: 'The sign-in could not be finished just now',
}

const OWN_RETRY_SECONDS = 5

/**
 * One switch for all words. PingOne's own text goes no further than the log: a flow's designer, or whoever can make
 * PingOne fail, would speak in our name.
 */
export function answerDenial(denial: LoginDenial): LoginAnswer {
  switch (denial.reason) {
    case 'declined':
      return { to: 'client', code: 'access_denied', description: 'The user declined at sign-in' }
    case 'scopes_withheld':
      return { to: 'client', code: 'access_denied', description: 'The user did not allow the API' }
    case 'blocked':
      return { to: 'client', code: 'access_denied', description: 'This user may not use this server' }
    case 'refused_by_pingone':
      return { to: 'client', code: 'server_error', description: 'PingOne did not complete the sign-in' }
    case 'broken':
      return {
        to: 'user',
        status: 503,
        title: 'This server could not finish the sign-in',
        sentence: 'Your sign-in was not lost. Wait a moment and try again.',
        retryAfterSeconds: OWN_RETRY_SECONDS,
      }
    case 'misconfigured':
      return {
        to: 'client',
        code: 'server_error',
        description: 'This server is not set up correctly at PingOne',
      }
    case 'oversized':
      return { to: 'client', code: 'server_error', description: 'PingOne says too much about this account' }
    case 'not_trusted':
    case 'dead': // one answer for both: which check failed is nobody's business outside
      return { to: 'client', code: 'server_error', description: 'The sign-in could not be verified' }
    case 'unavailable':
      return {
        to: 'user',
        status: 503,
        title: 'PingOne is not answering',
        sentence: 'Your sign-in was not lost. Wait a moment and try again.',
        retryAfterSeconds: denial.retryAfterSeconds,
      }
    default:
      return denial satisfies never
  }
}

/** What PingOne put into the callback instead of a code. Only `access_denied` says that the user said no. */
export const readCallbackError = (error: string, description: string | null = null): LoginDenial => {
  const code = loggedErrorCode(error)
  if (namesNoPolicy(description)) return policyNotFound
  if (error === 'access_denied') return { reason: 'declined', detail: code }
  if (error === 'temporarily_unavailable')
    return { reason: 'unavailable', detail: code, retryAfterSeconds: 5 }
  return { reason: 'refused_by_pingone', detail: code }
}

/**
 * Why a grant has ended, for its client at `/token` and `/mcp`: many show it to the user unchanged. ASCII without quotes
 * and backslashes, which RFC 6749 §5.2 excludes from an `error_description`.
 */
export function endedDescription(reason: EndReason, mostGrants: number): string {
  return `This access has ended: ${endedBecause(reason, mostGrants)}`
}

function endedBecause(reason: EndReason, mostGrants: number): string {
  switch (reason) {
    case 'revoked_by_client':
      return 'the client revoked it'
    case 'code_reused':
      return 'its authorization code was presented a second time'
    case 'code_not_redeemed':
      return 'its authorization code was not redeemed in time'
    case 'refresh_reused':
      return 'an old refresh token was presented again, which can be theft'
    case 'pingone_ended':
      return 'the session at PingOne is over'
    case 'downstream_expired':
      return 'PingOne gave access for a limited time only, and that is over'
    case 'idle':
      return 'it was not used for too long'
    case 'too_old':
      return 'it reached the longest life that this server allows'
    case 'refreshed_too_often':
      return 'it was refreshed more often than one access may be'
    case 'cap':
      return `more than ${mostGrants} connections of this user; the one unused the longest was ended`
    case 'key_retired':
      return 'this server no longer uses the key that it was encrypted with'
    case 'ended_by_user':
      return 'the user ended it'
    case 'ended_by_operator':
      return 'the operator of this server ended it'
    case 'blocked':
      return 'the operator of this server blocked this user'
    default:
      return reason satisfies never
  }
}
