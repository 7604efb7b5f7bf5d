import { inForce, wantedScopes } from '#authorization/scopes.ts'
import { ownCookie, readCookie } from '#http/cookies.ts'
import type { FormText } from '#http/read-request.ts'
import { sha256Hex } from '#lib/hash.ts'
import { log } from '#lib/log.ts'
import { err, type Result } from '#lib/result.ts'
import { stepUpMessages } from '#pages/connect-messages.ts'
import { message } from '#sign-in/denials.ts'
import { type FormDenial, hasCsrf, newSecret, readOurForm } from '#sign-in/page-session.ts'
import type { StepUpView } from '#users/requests/step-ups.ts'
import type { UserObjectApi } from '#users/user.ts'
import type { AccountDeps } from './deps.ts'

/** The request behind a link that `/mcp` gave out (mcp/edge/challenge-scopes.ts). */
export interface OpenStepUp {
  user: UserObjectApi
  id: string
  view: StepUpView
}

const LINK = /^\/step-up\/([^~/]{1,100})~([0-9a-f]{32})$/

/** The raw path: our links need no decoding. */
export const pathOf = ({ url }: Request): string => new URL(url).pathname

/**
 * Null for a request that was used, denied, has expired or never existed. A link that this server did not make reaches
 * no object.
 */
export async function openStepUp(path: string, { config, userOf }: AccountDeps): Promise<OpenStepUp | null> {
  const [, userId, id] = LINK.exec(path) ?? []
  const user = userId === undefined ? null : await userOf(userId)
  if (user === null || id === undefined) return null
  const view = await user.readStepUp(id)
  if (view === null) return null
  // Read-only settings may have come into force since the request was opened.
  const scopes = inForce(view.scopes, config)
  return scopes.length === 0 ? null : { user, id, view: { ...view, scopes } }
}

/** The scopes that an approval requests: the grant's and the additional ones. */
export const wantedBy = ({ has, scopes }: StepUpView, { config }: AccountDeps) =>
  inForce(wantedScopes([...has, ...scopes], config.api), config)

/** One answer for all these cases, so that nobody learns which it was. */
export const answerNoRequest = (deps: AccountDeps, headers = new Headers()): Response =>
  message(stepUpMessages.noRequest, deps, { status: 404, headers })

/**
 * The page needs no session, so its form is bound to the browser that opened it: a cookie has a secret, and the form has
 * a hash of that secret and the link. Knowing the link is not enough to decide in another user's browser.
 */
const COOKIE = '__Host-step-up'
const SECRET = /^[A-Za-z0-9_-]{43}$/
const LASTS_SECONDS = 600

const csrfOf = (secret: string, path: string) => sha256Hex(`step-up\n${secret}\n${path}`)

function secretOf(request: Request): string | null {
  const secret = readCookie(request, COOKIE)
  return secret !== null && SECRET.test(secret) ? secret : null
}

/** Keeps this browser's secret if it has one, so that two requests in two tabs can both be answered. */
export async function bindForm(request: Request): Promise<{ csrf: string; cookie: string }> {
  const secret = secretOf(request) ?? newSecret()
  return { csrf: await csrfOf(secret, pathOf(request)), cookie: ownCookie(COOKIE, secret, LASTS_SECONDS) }
}

/** Reads a form that `bindForm` bound to this browser. */
export async function readBoundForm(
  request: Request,
  deps: AccountDeps,
): Promise<Result<FormText, FormDenial>> {
  const form = await readOurForm(request, deps)
  if (!form.ok) return refuse(form.error)
  const secret = secretOf(request)
  const isBound = secret !== null && hasCsrf(form.value, await csrfOf(secret, pathOf(request)))
  return isBound ? form : refuse('csrf')
}

function refuse(reason: FormDenial) {
  log.warn('step-up.form-refused', { reason })
  return err(reason)
}
