import { isQueryTooLong, repeatedParameter } from '#http/read-request.ts'
import { loggedErrorCode } from '#lib/redacted.ts'
import { namesNoPolicy, policyNotFound } from '#pingone/failures.ts'
import type { SignInFailure } from './denials.ts'

/** The parameters of PingOne's response (RFC 6749 §4.1.2, RFC 9207 §2). All others are ignored. */
const KNOWN = ['state', 'code', 'error', 'error_description', 'iss'] as const

const UNNAMED_ERROR = 'unnamed'

/** PingOne's response in a callback URL. */
export interface Callback {
  /** The URL for the libraries: only the parameters that were read here, so that they cannot read others. */
  url: URL
  state: string
  errorDescription: string | null
}

/**
 * The only parser of a callback; null if it is not a response of PingOne. An empty parameter counts as omitted (RFC 6749
 * §3.1), except `error`; a repeated one is rejected.
 */
export function readCallback(address: string): Callback | null {
  const sent = new URL(address)
  if (isQueryTooLong(sent) || repeatedParameter(sent, KNOWN) !== undefined) return null
  const url = new URL(sent.pathname, sent)
  for (const name of KNOWN) {
    const value = sent.searchParams.get(name) ?? ''
    if (value !== '') url.searchParams.set(name, value)
  }
  // An error without a name is still an error: no code is redeemed.
  if (sent.searchParams.get('error') === '') url.searchParams.set('error', UNNAMED_ERROR)
  const { searchParams } = url
  const state = searchParams.get('state')
  return state === null ? null : { url, state, errorDescription: searchParams.get('error_description') }
}

/** The error in a callback; null if there is a code to redeem. */
export function denialIn({ url, errorDescription }: Callback, issuer: string): SignInFailure | null {
  const error = url.searchParams.get('error')
  if (error === null) return null
  // RFC 9207 §2.4: another server's error is not PingOne's.
  return (url.searchParams.get('iss') ?? issuer) === issuer
    ? readCallbackError(error, errorDescription)
    : { reason: 'not_trusted', detail: 'error of another issuer' }
}

/** Only `access_denied` means that the user declined. */
export const readCallbackError = (error: string, description: string | null = null): SignInFailure => {
  const code = loggedErrorCode(error)
  if (namesNoPolicy(description)) return policyNotFound
  if (error === 'access_denied') return { reason: 'declined', detail: code }
  if (error === 'temporarily_unavailable')
    return { reason: 'unavailable', detail: code, retryAfterSeconds: 5 }
  return { reason: 'refused_by_pingone', detail: code }
}
