import { AuthorizationError } from '@cloudflare/workers-oauth-provider'
import { isFromOurPage, readForm } from '../http/read-form.ts'
import { log } from '../lib/log.ts'
import { continueAnswer, refusalPage } from './answers.tsx'
import { beginSignIn } from './begin-sign-in.ts'
import type { LoginParts } from './parts.ts'
import { answerRefusal } from './refusals.ts'
import { approvedScopes } from './scopes.ts'

/** POST /authorize: the person decided. No → back to the client; yes → to PingOne, with what was left ticked. */
export async function decideConsent(request: Request, parts: LoginParts): Promise<Response> {
  const { config, oauth, pingone } = parts
  const form = isFromOurPage(request, config.publicOrigin) ? await readForm(request) : null
  if (form === null) {
    throw new AuthorizationError('invalid_request', { description: 'Not the form of our page' })
  }
  const handle = form.one('handle') ?? ''
  if (form.one('decision') !== 'approve') {
    const denied = await oauth.denyConsent(request, handle, { description: 'The person declined' })
    denied.headers.delete('Location')
    return continueAnswer(config, denied.redirectTo, 'client', denied.headers)
  }
  // Asked first, so that an outage of PingOne leaves this form as it was: the person can send it again.
  const ready = await pingone.isReachable()
  if (!ready.ok) {
    log.warn('login.refused', { reason: ready.error.reason, detail: ready.error.detail })
    return refusalPage(config, answerRefusal(ready.error), null)
  }
  // Without a scope option the stored request comes back as it was asked: approving can only narrow it.
  const approved = await oauth.approveConsent(request, handle)
  const scope = approvedScopes(approved.request.scope, form.all('scope'))
  const url = await beginSignIn(parts, { ...approved.request, scope }, approved.headers)
  if (!url.ok) return refusalPage(config, answerRefusal(url.error), null)
  return continueAnswer(config, url.value.href, 'pingone', approved.headers)
}
