import { AuthorizationError } from '@cloudflare/workers-oauth-provider'
import { type FormText, isFromOurPage, readForm } from '#http/read-request.ts'
import { continueAnswer, outagePage } from './answers.tsx'
import { beginSignIn } from './begin-sign-in.ts'
import type { LoginDeps } from './deps.ts'
import { errorRedirect } from './redirect-places.ts'
import { refuseLogin, reportDenial } from './refuse-login.tsx'
import { answerDenial, deniedHere, type HomeAnswer, leftDuringOutage } from './denials.ts'
import { approvedScopes } from '../scopes.ts'
import { requireThisBrowser } from './this-browser.ts'

/**
 * POST /authorize: the user decided. No → back to the client; yes → to PingOne, with what was left ticked.
 * @step login 8-10 the user's decision
 */
export async function decideConsent(request: Request, parts: LoginDeps): Promise<Response> {
  const form = isFromOurPage(request, parts.config.publicOrigin) ? await readForm(request) : null
  if (form === null) {
    throw new AuthorizationError('invalid_request', { description: 'Not the form of our page' })
  }
  // What is no clear yes is a no.
  const [decision = 'deny', ...others] = form.all('decision')
  switch (others.length === 0 ? decision : 'deny') {
    case 'approve':
      return approve(request, form, parts)
    case 'leave':
      return goHome(request, form, parts, leftDuringOutage)
    default:
      return goHome(request, form, parts, deniedHere)
  }
}

const handleOf = (form: FormText): string => form.one('handle') ?? ''

async function approve(request: Request, form: FormText, parts: LoginDeps): Promise<Response> {
  const { config, oauth, pingone, settle } = parts
  // Asked first, so that an outage of PingOne leaves this form as it was: the user can send it again.
  const ready = await pingone.isReachable()
  if (!ready.ok) {
    const incident = reportDenial(ready.error)
    const answer = answerDenial(ready.error)
    if (answer.to === 'client') return goHome(request, form, parts, answer)
    const again = { handle: handleOf(form), scopes: form.all('scope') }
    return outagePage(config, answer, again, { headers: new Headers(), incident })
  }
  // Without a scope option the stored request comes back as it was asked: approving can only narrow it.
  const { request: asked, headers } = await oauth.approveConsent(request, handleOf(form))
  headers.append('Set-Cookie', await requireThisBrowser(request, asked))
  const approved = { ...asked, scope: approvedScopes(asked.scope, form.all('scope'), config.api) }
  const url = await beginSignIn(parts, approved, headers)
  await settle()
  if (!url.ok) return refuseLogin(parts, headers, { approved, denial: url.error, leaving: 'page' })
  return continueAnswer(config, url.value.href, 'pingone', headers)
}

/** Uses the consent up, and goes to the redirect URI that was checked when it began; the form cannot name another. */
async function goHome(
  request: Request,
  form: FormText,
  { config, oauth, settle }: LoginDeps,
  { code, description }: HomeAnswer,
): Promise<Response> {
  const ended = await oauth.denyConsent(request, handleOf(form))
  ended.headers.append('Set-Cookie', await requireThisBrowser(request, ended.request))
  await settle()
  ended.headers.delete('Location')
  const home = errorRedirect(ended.request, code, description)
  return continueAnswer(config, home, 'client', ended.headers)
}
