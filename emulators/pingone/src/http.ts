import { layout, html, type Markup } from './pages/layout.ts'
import { words } from './pages/words.ts'

/** A response, and the reason that the timeline shows for it. */
export interface Answer {
  readonly response: Response
  readonly reason: string
}

/** Whatever has the id that PingOne's audit log would have for the request. */
type Correlated = { readonly correlationId: string }

export function json(body: unknown, reason: string, status = 200, headers: HeadersInit = {}): Answer {
  const response = Response.json(body, { status, headers })
  if (!response.headers.has('cache-control')) response.headers.set('cache-control', 'no-store')
  return { response, reason }
}

export function page(body: Markup, reason: string, status = 200, cookies: readonly string[] = []): Answer {
  const headers = new Headers({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    // No form-action: Chromium applies it to the redirects after a form, which end at the client.
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    // With no-referrer, the POST of a form would carry `Origin: null`.
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return { response: new Response(body.markup, { status, headers }), reason }
}

/** The page for an error that cannot be reported to the application. */
export function errorPage({ correlationId }: Correlated, text: string): Answer {
  const body = html`<p class="note">${text}.</p>
    <p>${words.errorLead}</p>
    <p class="links">Correlation ID: <code>${correlationId}</code></p>`
  return page(layout(words.error, body), text, 400)
}

/** A 303: the browser follows with a GET. */
export function redirect(to: string, reason: string, cookies: readonly string[] = []): Answer {
  const headers = new Headers({ location: to, 'cache-control': 'no-store' })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return { response: new Response(null, { status: 303, headers }), reason }
}

/** An error of an OAuth endpoint, with PingOne's correlation id at the end of the description. */
export function oauthError(
  { correlationId }: Correlated,
  error: string,
  description: string,
  { status = 400, headers = {} }: { status?: number; headers?: HeadersInit } = {},
): Answer {
  const body = { error, error_description: withCorrelation(description, correlationId) }
  return json(body, `${error}: ${description}`, status, headers)
}

/** An error in the format of PingOne's platform APIs. */
export function platformError(
  { correlationId }: Correlated,
  code: string,
  message: string,
  status: number,
): Answer {
  return json({ id: correlationId, code, message, details: [] }, `${code}: ${message}`, status)
}

/** PingOne ends every error text with the id of the event in its audit log. */
export const withCorrelation = (description: string, correlationId: string): string =>
  `${description} (Correlation ID: ${correlationId})`

/** PingOne's own limit at /par is 1 MB. */
const maxBytes = 1_000_000

/** The query of a GET or the form of a POST, never both. Undefined: the body is not a form, or too large. */
export async function readParameters(request: Request, url: URL): Promise<URLSearchParams | undefined> {
  if (request.method !== 'POST') return url.searchParams
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  const body = await readText(request)
  if (body.length > maxBytes) return undefined
  if (body === '') return new URLSearchParams()
  return type === 'application/x-www-form-urlencoded' ? new URLSearchParams(body) : undefined
}

/** Reads a body as text. `request.text()` would log a warning for content types that are not text. */
export const readText = async (request: Request): Promise<string> =>
  new TextDecoder().decode(await request.arrayBuffer())

/** The value of a parameter; an empty value counts as absent (RFC 6749 §3.1). */
export function one(parameters: URLSearchParams, name: string): string | undefined {
  const value = parameters.get(name)
  return value === null || value === '' ? undefined : value
}

/** Whether a parameter occurs twice, which RFC 6749 §3.1 forbids. */
export const hasDuplicate = (parameters: URLSearchParams): boolean =>
  new Set(parameters.keys()).size < [...parameters.keys()].length

/** The distinct words of a space-separated list. */
export const splitWords = (text: string | undefined): string[] => [
  ...new Set((text ?? '').split(' ').filter((word) => word !== '')),
]

/**
 * Cookies ignore ports: all programs on `localhost` share them. So these have a prefix, and a path below the
 * environment. They are not Secure, because the emulator is plain http on loopback.
 */
const prefix = 'standin_'

export function readCookie(request: Request, name: string): string | undefined {
  const pairs = (request.headers.get('cookie') ?? '').split(';').map((pair) => pair.trim())
  const pair = pairs.find((candidate) => candidate.startsWith(`${prefix}${name}=`))
  return pair?.slice(prefix.length + name.length + 1)
}

/** A cookie that lasts until the browser closes. */
export const setCookie = (name: string, value: string, path: string): string =>
  `${prefix}${name}=${value}; Path=${path}; HttpOnly; SameSite=Lax`

export const clearCookie = (name: string, path: string): string => `${setCookie(name, '', path)}; Max-Age=0`
