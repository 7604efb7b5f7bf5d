import { AuthorizationError, type AuthRequest } from '@cloudflare/workers-oauth-provider'
import { isQueryTooLong, repeatedParameter } from '../http/request-parameters.ts'

// `resource` is not among them: RFC 8707 §2 lets it come more than once.
const ONCE = ['response_type', 'scope', 'state', 'code_challenge', 'code_challenge_method']

/** Before anything is looked up: who asks, and where the answer would go, must be clear. Not met: a page of ours. */
export function requireClearClient(url: URL): void {
  if (!isQueryTooLong(url) && repeatedParameter(url, ['client_id', 'redirect_uri']) === undefined) return
  throw new AuthorizationError('invalid_request', {
    description: 'Too long, or names two clients or redirects',
  })
}

/** What the library lets pass and we do not. Client and redirect URI hold, so the answer goes to the client. */
export function requireStrictRequest(url: URL, request: AuthRequest): void {
  const repeated = repeatedParameter(url, ONCE)
  if (repeated !== undefined) throw backToClient(request, `${repeated} was sent more than once`)
  // OAuth 2.1 §4.1.1 asks PKCE of every client; the library lets a confidential one go without.
  if (request.codeChallenge !== undefined && request.codeChallengeMethod === 'S256') return
  throw backToClient(request, 'PKCE with code_challenge_method S256 is required')
}

const backToClient = ({ redirectUri, state, issuer }: AuthRequest, description: string) =>
  new AuthorizationError('invalid_request', {
    description,
    redirectUri,
    state,
    ...(issuer === undefined ? {} : { issuer }),
  })
