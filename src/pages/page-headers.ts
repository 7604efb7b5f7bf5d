/**
 * The security headers of every HTML page of ours. Pure: who serves the page adds them. They hold for pages only,
 * not for `/mcp`, `/token` or the metadata, which other origins may read.
 */

export type PageHeadersOptions = {
  isHttps: boolean
  /** CSP sources for `form-action`. Our forms post to ourselves and the answer is a page, so nobody needs more. */
  formActions?: readonly string[]
  /** Whether the address may say where the page is scrolled to. */
  isScrolledByAddress?: boolean
}

const ONE_YEAR_SECONDS = 31_536_000

export function pageHeaders({
  isHttps,
  formActions = ["'self'"],
  isScrolledByAddress = false,
}: PageHeadersOptions): Record<string, string> {
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': contentSecurityPolicy(formActions),
    // For what does not know frame-ancestors: a framed consent page is a click that can be stolen.
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
    // Deliberate: not no-referrer, under which the form's own POST says `Origin: null` and is refused. Other origins
    // learn nothing from either.
    'Referrer-Policy': 'same-origin',
    'Cache-Control': 'no-store',
    'Permissions-Policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
    // Deliberate for the pages of a login; the others cut it (http/answers.ts). A web client opens /authorize in a
    // popup and waits for it to come home. Any value but unsafe-none
    // (same-origin-allow-popups too: it spares only windows that we open) cuts that popup from its opener for good:
    // `popup.closed` turns true at once, the client reports a cancelled login, and its callback page finds no
    // `window.opener`. What COOP would add here is little: an opener cannot read another origin's page, and framing
    // is refused above.
    'Cross-Origin-Opener-Policy': 'unsafe-none',
    'Cross-Origin-Resource-Policy': 'same-origin',
    // A link cannot scroll our pages to a fragment, text fragments included.
    ...(isScrolledByAddress ? {} : { 'Document-Policy': 'force-load-at-top' }),
    // Without includeSubDomains: other hosts below this one are not ours to decide about.
    ...(isHttps ? { 'Strict-Transport-Security': `max-age=${ONE_YEAR_SECONDS}` } : {}),
  }
}

function contentSecurityPolicy(formActions: readonly string[]): string {
  for (const source of formActions) {
    // A source that ends its directive would write the next one.
    if (!/^[^\s;,]+$/.test(source)) throw new Error('A form-action source is one word without ; or ,')
  }
  return [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self' data:",
    `form-action ${formActions.length === 0 ? "'none'" : formActions.join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
