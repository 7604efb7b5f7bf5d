/** Codes of RFC 6749 §5.2, RFC 7591 §3.2.2, and 503's of RFC 6749 §4.1.2.1, which clients know at `/token` too. */
export interface OAuthDenial {
  status: 400 | 401 | 413 | 415 | 429 | 503
  code:
    | 'invalid_request'
    | 'invalid_client'
    | 'invalid_grant'
    | 'invalid_client_metadata'
    | 'invalid_redirect_uri'
    | 'temporarily_unavailable'
  description: string
  headers?: Readonly<Record<string, string>>
}

/** An error of ours at an endpoint of the library's: same form, same headers, so that a client cannot tell which. */
export const answerOAuthDenial = (
  request: Request | null,
  { status, code, description, headers }: OAuthDenial,
): Response =>
  Response.json(
    { error: code, error_description: description },
    { status, headers: { ...endpointHeaders(request), ...headers } },
  )

/** Not kept by anyone (RFC 6749 §5.1), and readable for a client in a browser: it has to learn why. */
export function endpointHeaders(request: Request | null): Record<string, string> {
  const origin = request?.headers.get('Origin') ?? null
  const notKept = { 'Cache-Control': 'no-store', Pragma: 'no-cache' }
  if (origin === null) return notKept
  return {
    ...notKept,
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': 'WWW-Authenticate, Retry-After',
    Vary: 'Origin',
  }
}

/** Denials of the library at `/token` and `/register`; by its reason where that helps a client's developer. */
const REASONS: Readonly<Record<string, string>> = {
  method_not_allowed: 'Only POST is allowed',
  client_id_missing: 'client_id is missing',
  client_not_found: 'This client is not registered here',
  multiple_authentication_methods: 'The client must authenticate in one way only',
  malformed_basic_credentials: 'The Basic credentials cannot be read',
  token_endpoint_auth_method_mismatch: 'The client authenticates in another way than it registered',
  client_secret_missing: 'client_secret is missing',
  code_missing: 'code is missing',
  refresh_token_missing: 'refresh_token is missing',
  redirect_uri_invalid: 'redirect_uri is not one of this client',
  redirect_uri_mismatch: 'redirect_uri is not the one of the authorization request',
  code_verifier_missing: 'code_verifier is missing',
  code_verifier_mismatch: 'code_verifier does not fit code_challenge',
  json_malformed: 'The body must be a JSON object',
  metadata_invalid:
    'A field of this registration is not valid. Supported are grant_types authorization_code and refresh_token, ' +
    'response_types code, and token_endpoint_auth_method none, client_secret_basic and client_secret_post',
}

const CODES: Readonly<Record<string, string>> = {
  invalid_request: 'A parameter is missing or not valid',
  invalid_client: 'The client could not be authenticated',
  invalid_grant: 'This code or token is not valid',
  invalid_scope: 'None of these scopes is granted',
  invalid_target: 'resource must be the address of this MCP server',
  unauthorized_client: 'The client is not registered for this grant type',
  unsupported_grant_type: 'grant_type must be authorization_code or refresh_token',
  invalid_client_metadata: 'This registration is not valid',
  temporarily_unavailable: 'Nothing was lost. Try again',
}

/** Fixed words for the library's errors: its sentences may repeat input, and clients show them as ours. */
export const wordsOfLibrary = (code: string, reason: string): string =>
  (Object.hasOwn(REASONS, reason) ? REASONS[reason] : Object.hasOwn(CODES, code) ? CODES[code] : undefined) ??
  'The request was refused'
