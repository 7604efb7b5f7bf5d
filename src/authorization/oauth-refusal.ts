/** Codes of RFC 6749 §5.2, RFC 7591 §3.2.2, and 503's of RFC 6749 §4.1.2.1, which clients know at `/token` too. */
export interface OAuthRefusal {
  status: 400 | 401 | 413 | 429 | 503
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
export const answerOAuthRefusal = (
  request: Request | null,
  { status, code, description, headers }: OAuthRefusal,
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
