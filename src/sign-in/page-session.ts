import { userNameIn } from '#authorization/clients/shown-name.ts'
import { droppedCookie, ownCookie, readCookie } from '#http/cookies.ts'
import { type FormText, isFromOurPage, readForm } from '#http/read-request.ts'
import { isSameText, sha256Hex, toBase64Url } from '#lib/hash.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { sessionMark } from '#pingone/claims.ts'
import type { UserObjectApi } from '#users/user.ts'
import { BLOCKED, message } from './denials.ts'
import type { SignInDeps } from './deps.ts'
import type { FinishedSignIn } from './own-sign-in.ts'

/**
 * A browser's session with our own pages. Its cookie has the user's id, which carries a MAC, and a random secret. The
 * user's object stores only a hash of the secret, so nothing stored opens a page, and a session ends at once.
 */
export interface OpenPage {
  user: UserObjectApi
  /** The session's id in the user's object. */
  page: string
  /** The value that every form of this session carries. It derives from the secret, which no page contains. */
  csrf: string
}

/** Why a form was not accepted. `over`: this browser has no session. */
export type FormDenial = 'origin' | 'form' | 'csrf' | 'over'

const COOKIE = '__Host-me'
const VALUE = /^([^~]{1,100})~([A-Za-z0-9_-]{43})$/

/** 256 random bits. */
export const newSecret = (): string => toBase64Url(crypto.getRandomValues(new Uint8Array(32)))

const hashOf = (purpose: 'page' | 'csrf', secret: string) => sha256Hex(`${purpose}\n${secret}`)

/** Null if this browser has no session that we could have opened; then no object was touched. */
export async function readPage(request: Request, { userOf }: SignInDeps): Promise<OpenPage | null> {
  const [, userId, secret] = VALUE.exec(readCookie(request, COOKIE) ?? '') ?? []
  const user = userId === undefined ? null : await userOf(userId)
  if (user === null || secret === undefined) return null
  return { user, page: await hashOf('page', secret), csrf: await hashOf('csrf', secret) }
}

/** Whether this browser sends a session's cookie, valid or not. */
export const namesPage = (request: Request): boolean => readCookie(request, COOKIE) !== null

/**
 * Opens a session for the user who signed in, and closes this browser's earlier one. The secret is always new, so a
 * cookie from before the sign-in is worthless after it. Adds the cookie to the sign-in's headers.
 * @step me 10 cookie of the page
 */
export async function openPage(
  request: Request,
  { user, userId, headers }: FinishedSignIn,
  deps: SignInDeps,
): Promise<'done' | 'blocked'> {
  const before = await readPage(request, deps)
  await before?.user.closePage(before.page)
  const secret = newSecret()
  const object = await deps.userOf(userId)
  const opened = await object?.openPage(await hashOf('page', secret), {
    userName: userNameIn(user),
    authenticatedAtSeconds: user.auth_time ?? 0,
    pingOneSession: await sessionMark(user),
  })
  if (opened !== 'done') return 'blocked'
  // No Max-Age: the user's object decides when the session ends, and the page can then say so.
  headers.append('Set-Cookie', ownCookie(COOKIE, `${userId}~${secret}`, null))
  return 'done'
}

/** The Set-Cookie header that removes the session from this browser. */
export const droppedPage = (): string => droppedCookie(COOKIE)

/** Answers a user whom the operator blocked, and removes the session from the browser. */
export const answerBlocked = (deps: SignInDeps): Response =>
  message({ title: 'You may not use this server', sentence: BLOCKED }, deps, {
    status: 403,
    headers: new Headers({ 'Set-Cookie': droppedPage() }),
  })

/** Reads a form of a page that needs a session, with that session. */
export async function readOwnForm(
  request: Request,
  deps: SignInDeps,
): Promise<Result<OpenPage & { form: FormText }, FormDenial>> {
  const form = await readOurForm(request, deps)
  if (!form.ok) return form
  const page = await readPage(request, deps)
  if (page === null) return err('over')
  return hasCsrf(form.value, page.csrf) ? ok({ ...page, form: form.value }) : err('csrf')
}

/** Reads a form that one of our pages sent. The caller must check its `csrf` value. */
export async function readOurForm(
  request: Request,
  { config }: SignInDeps,
): Promise<Result<FormText, 'origin' | 'form'>> {
  if (!isFromOurPage(request, config.publicOrigin)) return err('origin')
  const form = await readForm(request)
  return form === null ? err('form') : ok(form)
}

/** False for a repeated value: our page wrote only one of them. */
export function hasCsrf(form: FormText, expected: string): boolean {
  const [csrf = '', ...others] = form.all('csrf')
  return others.length === 0 && isSameText(csrf, expected)
}

/** Redirects to another page of this server. No referrer: after a sign-in, the current URL contains PingOne's code. */
export function redirectTo(path: string, headers = new Headers()): Response {
  headers.set('Location', path)
  headers.set('Cache-Control', 'no-store')
  headers.set('Referrer-Policy', 'no-referrer')
  return new Response(null, { status: 303, headers })
}
