import type { JSX } from 'hono/jsx/jsx-runtime'
import { renderPage } from './layout.tsx'

interface PageHeadersOptions {
  isHttps: boolean
  /** Lets the fragment of a URL scroll the page. */
  isScrolledByAddress?: boolean
}

export interface HtmlAnswerOptions extends PageHeadersOptions {
  status?: number
  /** Headers beside the security headers, for example cookies. */
  headers?: Headers
}

/** Answers with a page and its security headers. */
export function htmlAnswer(
  page: JSX.Element,
  { status = 200, headers = new Headers(), ...options }: HtmlAnswerOptions,
): Response {
  for (const [name, value] of Object.entries(pageHeaders(options))) headers.set(name, value)
  return new Response(renderPage(page), { status, headers })
}

const ONE_YEAR_SECONDS = 31_536_000

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self' data:",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The security headers of every HTML page. Not for `/mcp`, `/token` or the metadata, which other origins may read. */
export function pageHeaders({
  isHttps,
  isScrolledByAddress = false,
}: PageHeadersOptions): Record<string, string> {
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': CONTENT_SECURITY_POLICY,
    // For browsers without frame-ancestors: a framed consent page invites clickjacking.
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
    // Deliberate: under no-referrer a form's own POST has `Origin: null` and is rejected.
    'Referrer-Policy': 'same-origin',
    'Cache-Control': 'no-store',
    'Permissions-Policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
    // Deliberate for login pages; http/answers.ts isolates the others. A web client waits for its /authorize popup:
    // any other value detaches the popup, so `popup.closed` turns true and the client reports a cancelled login.
    'Cross-Origin-Opener-Policy': 'unsafe-none',
    'Cross-Origin-Resource-Policy': 'same-origin',
    // Stops a link from scrolling the page to a fragment or text fragment.
    ...(isScrolledByAddress ? {} : { 'Document-Policy': 'force-load-at-top' }),
    // Without includeSubDomains: subdomains are not ours.
    ...(isHttps ? { 'Strict-Transport-Security': `max-age=${ONE_YEAR_SECONDS}` } : {}),
  }
}
