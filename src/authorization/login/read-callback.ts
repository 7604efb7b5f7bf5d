import { isQueryTooLong, repeatedParameter } from '#http/read-request.ts'
import { type LoginDenial, readCallbackError } from './denials.ts'

/** The parameters of PingOne's answer (RFC 6749 §4.1.2, RFC 9207 §2); all others are ignored. */
const KNOWN = ['state', 'code', 'error', 'error_description', 'iss'] as const

const UNNAMED_ERROR = 'unnamed'

/** PingOne's answer in the address that a browser brought, read once. */
export interface Callback {
  /** For the libraries: what was read here and nothing else, so that they cannot read it differently. */
  url: URL
  state: string
  errorDescription: string | null
}

/**
 * Null for what no answer of PingOne's is: nothing is used up for it. A parameter without a value was not sent (RFC 6749
 * §3.1), except for `error`, and none comes twice.
 */
export function readCallback(address: string): Callback | null {
  const sent = new URL(address)
  if (isQueryTooLong(sent) || repeatedParameter(sent, KNOWN) !== undefined) return null
  const url = new URL(sent.pathname, sent)
  for (const name of KNOWN) {
    const value = sent.searchParams.get(name) ?? ''
    if (value !== '') url.searchParams.set(name, value)
  }
  // An error without a name is an error still: in doubt nothing is redeemed.
  if (sent.searchParams.get('error') === '') url.searchParams.set('error', UNNAMED_ERROR)
  const { searchParams } = url
  const state = searchParams.get('state')
  if (state === null) return null
  return { url, state, errorDescription: searchParams.get('error_description') }
}

/** The error in an answer; null: it is to be redeemed, and one that has no code brings nothing. */
export function denialIn({ url, errorDescription }: Callback, issuer: string): LoginDenial | null {
  const error = url.searchParams.get('error')
  if (error === null) return null
  // RFC 9207 §2.4: an error of another server is no error of PingOne's.
  return (url.searchParams.get('iss') ?? issuer) === issuer
    ? readCallbackError(error, errorDescription)
    : { reason: 'not_trusted', detail: 'error of another issuer' }
}
