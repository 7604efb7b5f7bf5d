import { createMiddleware } from 'hono/factory'

/** A static text that pages link to. It changes only with a deploy, so browsers cache it for an hour. */
export const staticAsset = (text: string, type: string): Response =>
  new Response(text, {
    headers: {
      'Content-Type': `${type}; charset=utf-8`,
      'Cache-Control': 'public, max-age=3600',
      'X-Content-Type-Options': 'nosniff',
    },
  })

/** Verifiers cache the keys for minutes; a new key reaches all of them within that time. */
const KEYS_FRESH_SECONDS = 300

/** A JWK set of public keys (RFC 7517 §5); without keys it is empty. */
export const answerKeySet = (keys: readonly object[]): Response =>
  Response.json(
    { keys },
    {
      headers: {
        'Cache-Control': `public, max-age=${KEYS_FRESH_SECONDS}`,
        'X-Content-Type-Options': 'nosniff',
      },
    },
  )

const DAY_MS = 86_400_000
/** RFC 9116 §2.5.5 recommends less than a year. */
const SECURITY_TEXT_DAYS = 364

/**
 * `/.well-known/security.txt` (RFC 9116). It never expires while the server runs: `Expires` moves with the clock, in whole
 * days. `Canonical` must be https (§2.5.2), so a server on this machine has none.
 */
export function answerSecurityText(
  { publicOrigin, securityContacts }: { publicOrigin: string; securityContacts: readonly string[] },
  nowMs: number,
): Response {
  const expires = new Date((Math.floor(nowMs / DAY_MS) + SECURITY_TEXT_DAYS) * DAY_MS)
  const lines = [
    ...securityContacts.map((contact) => `Contact: ${contact}`),
    `Expires: ${expires.toISOString()}`,
    'Preferred-Languages: en',
    ...(publicOrigin.startsWith('https:') ? [`Canonical: ${publicOrigin}/.well-known/security.txt`] : []),
  ]
  return staticAsset(`${lines.join('\n')}\n`, 'text/plain')
}

/**
 * Isolates a page from the window that opened it, which could navigate the page between two clicks (HTML, cross-origin
 * opener policies). Not for login pages: a web client waits for its popup (pages/html-answer.ts).
 */
export const cutOpener = createMiddleware(async (c, next) => {
  await next()
  c.header('Cross-Origin-Opener-Policy', 'same-origin')
})
