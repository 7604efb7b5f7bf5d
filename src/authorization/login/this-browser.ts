import { AuthorizationError, type AuthRequest } from '@cloudflare/workers-oauth-provider'
import { z } from 'zod'
import { droppedCookie, ownCookie, readCookie } from '#http/cookies.ts'
import { isSameText, sha256Hex, toBase64Url } from '#lib/hash.ts'

/**
 * Binds what a login stores to the browser that began it. The library's own cookie is a hash of the handle or `state`,
 * so anyone who learns a callback URL, from a history or a proxy's log, could finish the login elsewhere. This secret is
 * random and only in a cookie; its hash is stored with the request, under the library's encryption.
 */
const Bound = z.looseObject({ browser: z.strictObject({ id: z.string(), hash: z.string() }) })

/** As long as the library keeps a consent or a login. */
const LASTS_SECONDS = 600

// One cookie for each login, so that two parallel logins both finish.
const cookieOf = (id: string) => `__Host-login-${id}` as const
const random = (bytes: number) => toBase64Url(crypto.getRandomValues(new Uint8Array(bytes)))

/** The request to store, and the cookie to set. The secret is always new. */
export async function bindToBrowser(request: AuthRequest): Promise<{ bound: AuthRequest; cookie: string }> {
  const [id, secret] = [random(12), random(32)]
  const bound = { ...request, browser: { id, hash: await sha256Hex(secret) } }
  return { bound, cookie: ownCookie(cookieOf(id), secret, LASTS_SECONDS) }
}

/**
 * Throws if another browser began the stored request. Call it before `settle()`, so that nothing is used up. Returns the
 * header that deletes the cookie.
 */
export async function requireThisBrowser(request: Request, stored: AuthRequest): Promise<string> {
  const { data: bound } = Bound.safeParse(stored)
  const secret = bound === undefined ? null : readCookie(request, cookieOf(bound.browser.id))
  if (bound === undefined || secret === null || !isSameText(await sha256Hex(secret), bound.browser.hash))
    throw new AuthorizationError('invalid_request', { description: 'Not begun in this browser' })
  return droppedCookie(cookieOf(bound.browser.id))
}
