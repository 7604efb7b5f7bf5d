import { ownCookie, readCookie } from '#http/cookies.ts'
import type { FormText } from '#http/read-request.ts'
import { sha256Hex } from '#lib/hash.ts'
import { err, type Result } from '#lib/result.ts'
import type { SignInDeps } from './deps.ts'
import { type FormDenial, hasCsrf, newSecret, readOurForm } from './page-session.ts'

/** A form of a page that needs no session. */
export interface BoundForm {
  kind: 'step-up' | 'operate'
  /** Identifies what the form decides: its path and query. */
  about: string
}

/**
 * Binds a form to the browser that opened its page: a cookie has a secret, and the form has a hash of that secret and of
 * what it decides. Knowing the address of the page is not enough to decide in another user's browser.
 */
const SECRET = /^[A-Za-z0-9_-]{43}$/
const LASTS_SECONDS = 600

const cookieOf = ({ kind }: BoundForm) => `__Host-${kind}` as const
const csrfOf = (secret: string, { kind, about }: BoundForm) => sha256Hex(`${kind}\n${secret}\n${about}`)

function secretOf(request: Request, form: BoundForm): string | null {
  const secret = readCookie(request, cookieOf(form))
  return secret !== null && SECRET.test(secret) ? secret : null
}

/** Keeps this browser's secret if it has one, so that two requests in two tabs can both be answered. */
export async function bindForm(request: Request, form: BoundForm): Promise<{ csrf: string; cookie: string }> {
  const secret = secretOf(request, form) ?? newSecret()
  return { csrf: await csrfOf(secret, form), cookie: ownCookie(cookieOf(form), secret, LASTS_SECONDS) }
}

/** Reads a form that `bindForm` bound to this browser. */
export async function readBoundForm(
  request: Request,
  form: BoundForm,
  deps: SignInDeps,
): Promise<Result<FormText, FormDenial>> {
  const read = await readOurForm(request, deps)
  if (!read.ok) return read
  const secret = secretOf(request, form)
  const isBound = secret !== null && hasCsrf(read.value, await csrfOf(secret, form))
  return isBound ? read : err('csrf')
}
