import { ownCookie, readCookie } from '#http/cookies.ts'
import { type FormText, isFromOurPage, readForm } from '#http/read-request.ts'
import { isSameText, sha256Hex, toBase64Url } from '#lib/hash.ts'
import { log } from '#lib/log.ts'
import { err, ok, type Result } from '#lib/result.ts'
import type { AccountDeps } from '#sign-in/deps.ts'

/**
 * Nobody is signed in on this page, so its form is bound to the browser that opened it: a secret in a cookie, and in
 * the form a hash over it and the request. Who has the link alone can decide nothing in somebody else's browser.
 */
const COOKIE = '__Host-step-up'
const SECRET = /^[A-Za-z0-9_-]{43}$/
const LASTS_SECONDS = 600

const csrfOf = (secret: string, request: string) => sha256Hex(`step-up\n${secret}\n${request}`)

function secretOf(request: Request): string | null {
  const secret = readCookie(request, COOKIE)
  return secret !== null && SECRET.test(secret) ? secret : null
}

/** The one that this browser has goes on, so that two requests side by side can both be answered. */
export async function bindForm(request: Request, stepUp: string): Promise<{ csrf: string; cookie: string }> {
  const secret = secretOf(request) ?? toBase64Url(crypto.getRandomValues(new Uint8Array(32)))
  return { csrf: await csrfOf(secret, stepUp), cookie: ownCookie(COOKIE, secret, LASTS_SECONDS) }
}

export type FormProblem = 'origin' | 'form' | 'csrf'

export async function readBoundForm(
  request: Request,
  stepUp: string,
  { config }: AccountDeps,
): Promise<Result<FormText, FormProblem>> {
  if (!isFromOurPage(request, config.publicOrigin)) return refuse('origin')
  const form = await readForm(request)
  if (form === null) return refuse('form')
  const secret = secretOf(request)
  // Of two values nobody knows which one our page wrote.
  const [csrf = '', ...others] = form.all('csrf')
  const isBound = secret !== null && others.length === 0 && isSameText(csrf, await csrfOf(secret, stepUp))
  return isBound ? ok(form) : refuse('csrf')
}

function refuse(reason: FormProblem) {
  log.warn('step-up.form-refused', { reason })
  return err(reason)
}
