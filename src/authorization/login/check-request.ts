import { AuthorizationError, type AuthRequest } from '@cloudflare/workers-oauth-provider'
import { isQueryTooLong, repeatedParameter } from '#http/read-request.ts'

/** The parameters that the library reads at `/authorize`. */
const KNOWN = [
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
  'resource',
]
// `resource` is not among them: RFC 8707 §2 lets it come more than once.
const ONCE = ['response_type', 'scope', 'state', 'code_challenge', 'code_challenge_method']

/** A request to `/authorize`, read once: admission and the library work on the same values. */
export interface AuthorizeRequest {
  /** For the library: the query below, encoded again. */
  request: Request
  client: string
  redirectUri: string
  /** The first parameter that came more than once. */
  repeated: string | undefined
}

/**
 * The only parser of the query, before any lookup: the client and its redirect URI must be unambiguous, otherwise the
 * answer is a page. A parameter without a value counts as omitted (RFC 6749 §3.1).
 */
export function readAuthorizeRequest({ url, method, headers }: Request): AuthorizeRequest {
  const sent = new URL(url)
  if (isQueryTooLong(sent) || repeatedParameter(sent, ['client_id', 'redirect_uri']) !== undefined) {
    throw new AuthorizationError('invalid_request', {
      description: 'Too long, or names two clients or redirects',
    })
  }
  const read = new URL('/authorize', sent)
  const seen = new Set<string>()
  for (const [name, value] of sent.searchParams) {
    if (!KNOWN.includes(name) || value === '' || (name !== 'resource' && seen.has(name))) continue
    seen.add(name)
    read.searchParams.append(name, value)
  }
  return {
    request: new Request(read, { method, headers }),
    client: read.searchParams.get('client_id') ?? '',
    redirectUri: read.searchParams.get('redirect_uri') ?? '',
    repeated: repeatedParameter(sent, ONCE),
  }
}

/** A denial in our words, which may reach the client. The library's sentences repeat input. */
export class RequestDenial extends AuthorizationError {}

/** What the library lets pass and we do not. Client and redirect URI hold, so the answer goes to the client. */
export function requireStrictRequest({ repeated }: AuthorizeRequest, request: AuthRequest): void {
  if (repeated !== undefined) throw backToClient(request, `${repeated} was sent more than once`)
  // OAuth 2.1 §4.1.1 asks PKCE of every client; the library lets a confidential one go without.
  if (request.codeChallenge !== undefined && request.codeChallengeMethod === 'S256') return
  throw backToClient(request, 'PKCE with code_challenge_method S256 is required')
}

const backToClient = ({ redirectUri, state, issuer }: AuthRequest, description: string) =>
  new RequestDenial('invalid_request', {
    description,
    redirectUri,
    state,
    ...(issuer === undefined ? {} : { issuer }),
  })
