import { continueAnswer } from '#authorization/login/answers.tsx'
import { message } from '#sign-in/answers.tsx'
import { droppedPage } from '#sign-in/page-session.ts'
import type { AccountDeps } from '#sign-in/deps.ts'
import { answerPageDenial, readOwnForm } from '#sign-in/read-own-form.ts'
import { refuseSignIn } from '#sign-in/refuse-sign-in.tsx'

const AGAIN = { label: 'Sign in again', href: '/me' }

/** POST /me/sign-out: this browser's session with our pages ends, and nothing else does. */
export async function signOut(request: Request, parts: AccountDeps): Promise<Response> {
  const read = await readOwnForm(request, parts)
  if (!read.ok) return read.error
  await read.value.user.closePage(read.value.page)
  const sentence = 'Apps keep the access that you gave them. PingOne may still know this browser.'
  return message({ title: 'You are signed out', sentence, next: AGAIN, tone: 'done' }, parts, {
    headers: new Headers({ 'Set-Cookie': droppedPage() }),
  })
}

/**
 * POST /me/sign-out-of-pingone: what came from the session at PingOne ends here at once, then the browser goes there to
 * end that session. By a page and a GET: PingOne knows the session by its own cookie, which a form that is sent from
 * another site need not carry (SameSite), and Chromium would apply our form-action to where PingOne leads afterwards.
 * @step me 11 signing out of PingOne
 */
export async function signOutOfPingOne(request: Request, parts: AccountDeps): Promise<Response> {
  const read = await readOwnForm(request, parts)
  if (!read.ok) return read.error
  // Asked first, so that an outage of PingOne leaves everything as it was.
  const url = await parts.pingone.endSessionUrl()
  if (!url.ok)
    return refuseSignIn(parts, { denial: url.error, purpose: { kind: 'me' }, headers: new Headers() })
  const { user, page } = read.value
  const ended = await user.endPingOneSession(page)
  if (ended !== 'done') return answerPageDenial(parts, ended)
  const headers = new Headers({ 'Set-Cookie': droppedPage() })
  if (url.value !== null) return continueAnswer(parts.config, url.value.href, 'sign-out', headers)
  const title = 'You are signed out here'
  const sentence = 'PingOne names no address to sign out at. Close your browser to end your session there.'
  return message({ title, sentence, next: AGAIN, tone: 'done' }, parts, { headers })
}
