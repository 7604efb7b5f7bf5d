type PageHeadersOptions = {
  isHttps: boolean
  /** Whether a URL's fragment may scroll the page. */
  isScrolledByAddress?: boolean
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

/**
 * The security headers of every HTML page. Not for `/mcp`, `/token` or the metadata, which other origins may read.
 */
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
    // A link cannot scroll the page to a fragment or text fragment.
    ...(isScrolledByAddress ? {} : { 'Document-Policy': 'force-load-at-top' }),
    // Without includeSubDomains: subdomains are not ours.
    ...(isHttps ? { 'Strict-Transport-Security': `max-age=${ONE_YEAR_SECONDS}` } : {}),
  }
}
