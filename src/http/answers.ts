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

/**
 * Isolates a page from the window that opened it, which could navigate the page between two clicks (HTML, cross-origin
 * opener policies). Not for login pages: a web client waits for its popup (pages/html-answer.ts).
 */
export const cutOpener = createMiddleware(async (c, next) => {
  await next()
  c.header('Cross-Origin-Opener-Policy', 'same-origin')
})
