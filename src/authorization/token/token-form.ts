import { z } from 'zod'
import { fromBase64Url } from '#lib/hash.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { denial, type OAuthDenial } from '../oauth-denial.ts'

/** The parameters that the library reads at `/token`. All others are dropped (RFC 6749 §3.2). */
const KNOWN = [
  'grant_type',
  'code',
  'redirect_uri',
  'code_verifier',
  'refresh_token',
  'token',
  'token_type_hint',
  'scope',
  'resource',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
]
const PRESENTED = ['code', 'refresh_token', 'token'] as const
type PresentedAs = (typeof PRESENTED)[number]

/** The parameter that each grant type redeems. Without a grant type it is a revocation (RFC 7009 §2.1), at the same URL. */
const presentedFor = (grantType: string | null): PresentedAs | null => {
  switch (grantType) {
    case null:
      return 'token'
    case 'authorization_code':
      return 'code'
    case 'refresh_token':
      return 'refresh_token'
    default:
      return null
  }
}

/** A parsed request to `/token`. The library, the limits and the commit all use it. */
export interface TokenRequest {
  /** For the library: the parameters that were read here, encoded again. */
  request: Request
  isRevocation: boolean
  /** The code or token to redeem; null without one, or for an unsupported grant type. */
  presented: { as: PresentedAs; value: string } | null
  clients: NamedClients
  /** Scope and resource: a request with others is not a retry. */
  asked: string
}

const refuse = (description: string) => err(denial(400, 'invalid_request', description))

/** The only parser of a form at `/token`: each parameter once, and at most one of `code`, `refresh_token`, `token`. */
export function readTokenForm(original: Request, text: string): Result<TokenRequest, OAuthDenial> {
  const sent = new URLSearchParams(text)
  // RFC 6749 §3.2, also for empty ones. RFC 8707 §2 allows `resource` more than once.
  const names = [...sent.keys()].filter((name) => name !== 'resource')
  if (new Set(names).size < names.length) return refuse('A parameter was sent more than once')
  // RFC 6749 §3.2: a parameter without a value counts as omitted.
  const form = new URLSearchParams([...sent].filter(([name, value]) => KNOWN.includes(name) && value !== ''))

  const grantType = form.get('grant_type')
  const expected = presentedFor(grantType)
  const present = PRESENTED.filter((name) => form.has(name))
  const [as = null, ...others] = present
  if (others.length > 0) return refuse('Send only one of code, refresh_token and token')
  if (expected !== null && as !== null && as !== expected)
    return refuse('grant_type does not fit what is to be redeemed')
  const value = expected === null ? null : form.get(expected)
  // The library denies an unsupported grant type, and gets nothing to redeem.
  if (expected === null && as !== null) form.delete(as)

  const headers = new Headers(original.headers)
  const authorization = original.headers.get('Authorization')
  const clients = namedClients(form, authorization)
  headers.delete('Authorization')
  headers.delete('Content-Length')
  headers.set('Content-Type', 'application/x-www-form-urlencoded')
  const basic = readBasic(authorization)
  if (basic !== null && basic !== 'unreadable') {
    headers.set('Authorization', basicHeader(basic))
    // One method (RFC 6749 §2.3): the secret is there once. Widely used clients repeat their id in the form.
    if (form.get('client_id') === basic.id) form.delete('client_id')
  } else if (!form.has('client_id') && form.has('client_assertion') && clients?.[0] !== undefined) {
    // RFC 7521 §4.2 makes it optional. With it, the library need not read the assertion.
    form.set('client_id', clients[0])
  }
  return ok({
    request: new Request(original.url, { method: 'POST', headers, body: form.toString() }),
    isRevocation: grantType === null,
    presented: expected === null || value === null ? null : { as: expected, value },
    clients,
    asked: JSON.stringify([form.get('scope'), form.getAll('resource')]),
  })
}

/** The client ids of a request; null if one cannot be read. */
type NamedClients = readonly string[] | null

/** Every `client_id` in a place where the library looks for one (RFC 6749 §2.3.1; RFC 7521 §4.2). */
export function namedClients(form: URLSearchParams, authorization: string | null): NamedClients {
  const named = form.getAll('client_id').filter((id) => id !== '')
  const basic = readBasic(authorization)
  const asserted = form
    .getAll('client_assertion')
    .filter((assertion) => assertion !== '')
    .map(assertedClient)
  if (basic === 'unreadable' || asserted.includes(null)) return null
  return [...named, ...(basic === null ? [] : [basic.id]), ...asserted.filter((id) => id !== null)]
}

interface BasicCredentials {
  id: string
  secret: string
}

/** Credentials of the Basic scheme; null for another scheme. */
function readBasic(authorization: string | null): BasicCredentials | 'unreadable' | null {
  const [scheme = '', credentials, ...more] = (authorization ?? '').trim().split(/[ \t]+/)
  if (scheme.toLowerCase() !== 'basic') return null
  if (credentials === undefined || more.length > 0) return 'unreadable'
  try {
    const [, id, secret] = /^([^:]+):(.*)$/s.exec(atob(credentials)) ?? []
    if (id === undefined || secret === undefined) return 'unreadable'
    return { id: formDecoded(id), secret: formDecoded(secret) }
  } catch {
    return 'unreadable'
  }
}

/** The same credentials, encoded again, so that the library reads no others. */
const basicHeader = ({ id, secret }: BasicCredentials): string =>
  `Basic ${btoa(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`)}`

const formDecoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '))

const AssertionClaims = z.looseObject({ iss: z.string().min(1) })

/** The issuer of an assertion (RFC 7523 §3). Unverified: good only for a denial. */
function assertedClient(assertion: string): string | null {
  const [, payload] = /^[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$/.exec(assertion) ?? []
  if (payload === undefined) return null
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(fromBase64Url(payload))
    const claims = AssertionClaims.safeParse(JSON.parse(text))
    return claims.success ? claims.data.iss : null
  } catch {
    return null
  }
}
