import { droppedCookie, ownCookie, readCookie } from '#http/cookies.ts'
import { sha256Hex, toBase64Url } from '#lib/hash.ts'
import type { UserObjectApi } from '#users/user.ts'
import type { AccountDeps } from './deps.ts'

/**
 * A browser's session with our own pages. Its cookie names the user, whose id carries a MAC, and has a random secret.
 * The User keeps the hash of that alone, so that nothing it stores opens a page, and every end is true at once.
 */
export interface OpenPage {
  user: UserObjectApi
  /** What the User knows the session by. */
  page: string
  /** In every form of this session. It follows from the secret, which no page and no other site has. */
  csrf: string
}

const COOKIE = '__Host-me'
const VALUE = /^([^~]{1,100})~([A-Za-z0-9_-]{43})$/

const hashOf = (purpose: 'page' | 'csrf', secret: string) => sha256Hex(`${purpose}\n${secret}`)

/** Null where this browser has no session that we could have begun: then no object was touched. */
export async function readPage(request: Request, { userOf }: AccountDeps): Promise<OpenPage | null> {
  const [, userId, secret] = VALUE.exec(readCookie(request, COOKIE) ?? '') ?? []
  const user = userId === undefined ? null : await userOf(userId)
  if (user === null || secret === undefined) return null
  return { user, page: await hashOf('page', secret), csrf: await hashOf('csrf', secret) }
}

/** Whether this browser says that it has a session. */
export const namesPage = (request: Request): boolean => readCookie(request, COOKIE) !== null

/**
 * Always a new secret: a cookie that was there before the sign-in is worth nothing after it.
 * @step me 10 cookie of the page
 */
export async function newPage(userId: string): Promise<{ page: string; cookie: string }> {
  const secret = toBase64Url(crypto.getRandomValues(new Uint8Array(32)))
  // No Max-Age: the User says when it is over, and the page can say so then.
  return { page: await hashOf('page', secret), cookie: ownCookie(COOKIE, `${userId}~${secret}`, null) }
}

export const droppedPage = (): string => droppedCookie(COOKIE)
