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

/** The headers of a request to /mcp. */
export const mcpHeaders = (bearer: string, headers: Record<string, string> = {}) => ({
  authorization: `Bearer ${bearer}`,
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
  ...headers,
})

/** POST /mcp. */
export const mcpRequest = (bearer: string, message: unknown, headers: Record<string, string> = {}) => ({
  method: 'POST',
  headers: mcpHeaders(bearer, headers),
  body: JSON.stringify(message),
})

export const REVISION = 'io.modelcontextprotocol/protocolVersion'
export const META = { [REVISION]: '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} }

/** The headers that MCP 2026-07-28 requires for a method, and for the name or URI that it refers to. */
export const statelessHeaders = (method: string, name?: string) => ({
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': method,
  ...(name === undefined ? {} : { 'mcp-name': name }),
})

/** The first message of the session transport. */
export const initialize = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
}

export const callMessage = (name: string, args: object = {}) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: args },
})

/** The messages of a JSON body or an event stream. */
export const messagesIn = (text: string): unknown[] =>
  text.startsWith('{')
    ? [JSON.parse(text)]
    : [...text.matchAll(/(?:^|\n)data: ([^\n]*)/g)].map(([, data = '']) => JSON.parse(data))

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
