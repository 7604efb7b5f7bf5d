import { ORIGIN, REDIRECT_URI } from './settings.ts'

/** A PKCE verifier and its S256 challenge (RFC 7636). */
export const VERIFIER = 'a-verifier-that-is-long-enough-to-be-one-0123456789'
export const CHALLENGE = 'IdFsue1MJJJtybEPX0invmHHuW1I7Ai5LXVlXpENjsk'

export interface Answer {
  status: number
  headers: Headers
  text: string
}

/** A complete authorization request. */
export const authorizeFields = (clientId: string, redirectUri = REDIRECT_URI) => ({
  response_type: 'code',
  client_id: clientId,
  redirect_uri: redirectUri,
  scope: 'todo:read todo:write',
  state: 'the-state',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
  resource: `${ORIGIN}/mcp`,
})

/** POST /register for a public client. */
export const registration = (redirectUri = REDIRECT_URI, name = 'Client') => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: 'none',
    client_name: name,
  }),
})

/** The cookies that an answer sets, as a Cookie header. */
export const cookiesOf = ({ headers }: { headers: Headers }): string =>
  headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')

/** What the OAuth library passes to the handler of /mcp for an accepted bearer. */
export const bearerAuth = (userId: string, grant: string, scope: readonly string[]) => ({
  token: `${userId}:${grant}:secret`,
  audience: `${ORIGIN}/mcp`,
  resourceMetadataUrl: `${ORIGIN}/.well-known/oauth-protected-resource/mcp`,
  userId,
  clientId: 'client',
  scope: [...scope],
  expiresAt: 2_000,
})
