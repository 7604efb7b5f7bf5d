import { continueAnswer } from '#authorization/login/answers.tsx'
import { denySignIn, message } from '#sign-in/denials.ts'
import { droppedPage, readOwnForm, redirectTo } from '#sign-in/page-session.ts'
import type { AccountDeps } from './deps.ts'
import { answerDenial } from './show-account.tsx'
import { ME } from './sign-in.ts'
import { NO_SUCH_GRANT, SIGNED_OUT, SIGNED_OUT_HERE } from './texts.ts'

// The OAuth library's grant ids. Any other text reaches no object.
const GRANT = /^[A-Za-z0-9_-]{16}$/

/**
 * POST /me/end: ends one grant, or `all`, before it answers. The client's next request gets 401.
 * @step me 11 ending access
 */
export async function endAccess(request: Request, deps: AccountDeps): Promise<Response> {
  const read = await readOwnForm(request, deps)
  if (!read.ok) return answerDenial(read.error, deps)
  const { form, user, page } = read.value
  const [grant = '', ...others] = form.all('grant')
  if (others.length > 0 || !(grant === 'all' || GRANT.test(grant))) return answerNoSuchGrant(deps)
  const ended = await user.endFromPage(page, grant === 'all' ? null : grant)
  switch (ended) {
    case 'done':
      // The page marks the fragment's element. With a query parameter, any link could claim that a grant ended.
      return redirectTo(grant === 'all' ? '/me#earlier' : `/me#grant-${grant}`)
    case 'unknown':
      return answerNoSuchGrant(deps)
    case 'over':
    case 'blocked':
      return answerDenial(ended, deps)
    default:
      return ended satisfies never
  }
}

const answerNoSuchGrant = (deps: AccountDeps): Response => message(NO_SUCH_GRANT, deps, { status: 404 })

/** POST /me/sign-out: ends this browser's session with our pages and nothing else. */
export async function signOut(request: Request, deps: AccountDeps): Promise<Response> {
  const read = await readOwnForm(request, deps)
  if (!read.ok) return answerDenial(read.error, deps)
  await read.value.user.closePage(read.value.page)
  return message(SIGNED_OUT, deps, { headers: new Headers({ 'Set-Cookie': droppedPage() }) })
}

/**
 * POST /me/sign-out-of-pingone: ends the grants and pages of the PingOne session, then sends the browser to PingOne to
 * end that session. It goes there by a page with a GET: PingOne's cookie may be missing from a form sent by another site
 * (SameSite), and Chromium would apply our form-action to PingOne's redirects.
 * @step me 11 signing out of PingOne
 */
export async function signOutOfPingOne(request: Request, deps: AccountDeps): Promise<Response> {
  const read = await readOwnForm(request, deps)
  if (!read.ok) return answerDenial(read.error, deps)
  // Read first, so that an outage of PingOne changes nothing.
  const url = await deps.pingone.endSessionUrl()
  if (!url.ok) return denySignIn({ denial: url.error, purpose: ME, headers: new Headers() }, deps)
  const { user, page } = read.value
  const ended = await user.endPingOneSession(page)
  if (ended !== 'done') return answerDenial(ended, deps)
  const headers = new Headers({ 'Set-Cookie': droppedPage() })
  if (url.value !== null) return continueAnswer(deps.config, url.value.href, 'sign-out', headers)
  return message(SIGNED_OUT_HERE, deps, { headers })
}
