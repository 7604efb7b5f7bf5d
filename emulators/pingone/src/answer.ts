import type { Markup } from './markup.ts'

/** What a visitor gets, and the word the timeline keeps about why. */
export interface Answer {
  readonly response: Response
  readonly reason: string
}

/** An answer of the protocol's endpoints: never stored by anyone on the way. */
export function json(body: unknown, reason: string, status = 200, headers: HeadersInit = {}): Answer {
  const response = Response.json(body, { status, headers })
  if (!response.headers.has('cache-control')) response.headers.set('cache-control', 'no-store')
  return { response, reason }
}

/** A page for a user. */
export function page(body: Markup, reason: string, status = 200, cookies: readonly string[] = []): Answer {
  const headers = new Headers({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    // No form-action: Chromium applies it to the whole redirect chain after a form, which ends at the client.
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    // Not no-referrer: with it a form's own POST would carry `Origin: null`.
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return { response: new Response(body.markup, { status, headers }), reason }
}

/** Sends the browser on with a GET, whatever it came with. */
export function redirect(to: string, reason: string, cookies: readonly string[] = []): Answer {
  const headers = new Headers({ location: to, 'cache-control': 'no-store' })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return { response: new Response(null, { status: 303, headers }), reason }
}

/** A denial of an OAuth endpoint, in PingOne's words: the correlation id ends the description. */
export function refuse(
  error: string,
  description: string,
  correlationId: string,
  { status = 400, headers = {} }: { status?: number; headers?: HeadersInit } = {},
): Answer {
  const body = { error, error_description: withCorrelation(description, correlationId) }
  return json(body, `${error}: ${description}`, status, headers)
}

/** A denial in the shape of PingOne's platform APIs. */
export function refuseAsPlatform(
  code: string,
  message: string,
  correlationId: string,
  status: number,
): Answer {
  return json({ id: correlationId, code, message, details: [] }, `${code}: ${message}`, status)
}

/** PingOne ends every error text with the id under which its audit log has the cause. */
export const withCorrelation = (description: string, correlationId: string): string =>
  `${description} (Correlation ID: ${correlationId})`
