import { isLoopbackHost } from '#lib/addresses.ts'

/**
 * Answers 421 without a body for another origin than ours (decision 14); null: continue. It runs first, because a Worker
 * answers on every hostname bound to it, and another name would be another issuer. On loopback the body names the
 * correct address.
 * @step tool-call 1 host
 */
export function refuseOtherOrigins(request: Request, publicOrigin: string): Response | null {
  const url = new URL(request.url)
  if (url.origin === publicOrigin) return null
  const isOwnMachine = isLoopbackHost(url.hostname) && isLoopbackHost(new URL(publicOrigin).hostname)
  if (!isOwnMachine) return new Response(null, { status: 421 })
  return new Response(
    `This server is ${publicOrigin}. Use exactly that address: OAuth compares it letter by letter.\n`,
    {
      status: 421,
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
    },
  )
}

/**
 * The methods of our own pages; other paths check methods themselves. No HEAD where a GET begins or ends a login: a link
 * checker must not use up a user's link.
 */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  '/': ['GET', 'HEAD'],
  '/assets/pages.css': ['GET', 'HEAD'],
  '/assets/copy.js': ['GET', 'HEAD'],
  '/health': ['GET', 'HEAD'],
  '/.well-known/jwks.json': ['GET', 'HEAD'],
  '/authorize': ['GET', 'POST'],
  '/callback': ['GET'],
  '/me': ['GET'],
  '/me/sign-in': ['POST'],
  '/me/end': ['POST'],
  '/me/sign-out': ['POST'],
  '/me/sign-out-of-pingone': ['POST'],
  '/signed-in': ['GET'],
  '/step-up/': ['GET', 'POST'],
}

/** Answers 405 for a method that a page does not have (RFC 9110 §15.5.6); null: continue. */
export function refuseOtherMethods({ url, method }: Request): Response | null {
  const { pathname } = new URL(url)
  const path = pathname.startsWith('/step-up/') ? '/step-up/' : pathname
  const allowed = Object.hasOwn(METHODS, path) ? METHODS[path] : undefined
  if (allowed === undefined || allowed.includes(method)) return null
  return new Response(null, {
    status: 405,
    headers: { Allow: allowed.join(', '), 'Cache-Control': 'no-store' },
  })
}
