/**
 * The methods of our own pages; paths that are not here answer for themselves. HEAD is left out where a GET begins or
 * ends a login: a link checker must not use up what a user is about to use.
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

/** 405 for a method that a page of ours does not have (RFC 9110 §15.5.6); null means go on. */
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
