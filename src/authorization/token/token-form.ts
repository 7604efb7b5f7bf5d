import { err, ok, type Result } from '#lib/result.ts'
import { basicHeader, type NamedClients, namedClients, readBasic } from '../clients/named-clients.ts'
import type { OAuthDenial } from '../oauth-denial.ts'

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
export type PresentedAs = (typeof PRESENTED)[number]

/** The parameter that each grant type redeems. Without one it is a revocation (RFC 7009 §2.1), at the same URL. */
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

/** A request to `/token`, read once. The library, the limits and the commit all work on this. */
export interface TokenRequest {
  /** For the library: the form below, encoded again. */
  request: Request
  isRevocation: boolean
  /** The code or token to redeem; null if there is none, or if the grant type does not exist. */
  presented: { as: PresentedAs; value: string } | null
  /** All client ids in the places where the library looks for one; null: one cannot be read. */
  clients: NamedClients
  /** Scope and resource: a request with others is not a retry. */
  asked: string
}

const refuse = (description: string) =>
  err({ status: 400, code: 'invalid_request', description } satisfies OAuthDenial)

/** The only parser of a form at `/token`: each parameter once, and at most one of `code`, `refresh_token`, `token`. */
export function readTokenForm(original: Request, text: string): Result<TokenRequest, OAuthDenial> {
  const sent = new URLSearchParams(text)
  // RFC 6749 §3.2, empty ones among them; RFC 8707 §2 lets `resource` come more than once.
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
  // An unsupported grant type redeems nothing: the library refuses it, and gets nothing to redeem.
  if (expected === null && as !== null) form.delete(as)

  const headers = new Headers(original.headers)
  const clients = namedClients(form, original.headers.get('Authorization'))
  headers.delete('Authorization')
  headers.delete('Content-Length')
  headers.set('Content-Type', 'application/x-www-form-urlencoded')
  const basic = readBasic(original.headers.get('Authorization'))
  if (basic !== null && basic !== 'unreadable') {
    headers.set('Authorization', basicHeader(basic))
    // Still one method (RFC 6749 §2.3): the secret is there once, and both ids are equal. Widely used clients do it.
    if (form.get('client_id') === basic.id) form.delete('client_id')
  } else if (!form.has('client_id') && form.has('client_assertion') && clients?.[0] !== undefined) {
    // RFC 7521 §4.2 makes it optional. With it, the library need not read the assertion by itself.
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
