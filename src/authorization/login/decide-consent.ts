import { AuthorizationError, type AuthRequest } from '@cloudflare/workers-oauth-provider'
import { type FormText, isFromOurPage, readForm } from '#http/read-request.ts'
import type { Result } from '#lib/result.ts'
import type { PingOneFailure } from '#pingone/failures.ts'
import { clientInFlow } from '../clients/shown-name.ts'
import { approvedScopes, inForce, upstreamScopes } from '../scopes.ts'
import { continueAnswer } from './answers.tsx'
import { answerDenial, type ClientAnswer, deniedHere, leftDuringOutage } from './denials.ts'
import {
  bindToBrowser,
  callbackOf,
  type LoginDeps,
  type LoginState,
  requireThisBrowser,
} from './login-state.ts'
import { errorRedirect } from './redirect-uri.ts'
import { outagePage, refuseLogin, reportDenial } from './refuse-login.ts'

/**
 * POST /authorize: the user's decision. No: back to the client. Yes: to PingOne, with the scopes left ticked.
 * @step login 8-10 the user's decision
 */
export async function decideConsent(request: Request, deps: LoginDeps): Promise<Response> {
  const form = isFromOurPage(request, deps.config.publicOrigin) ? await readForm(request) : null
  if (form === null) {
    throw new AuthorizationError('invalid_request', { description: 'Not the form of our page' })
  }
  // Anything but one clear yes is a no.
  const [decision = 'deny', ...others] = form.all('decision')
  switch (others.length === 0 ? decision : 'deny') {
    case 'approve':
      return approve(request, form, deps)
    case 'leave':
      deps.countDenial('consent.left')
      return returnToClient(request, form, deps, leftDuringOutage)
    default:
      deps.countDenial('consent.denied')
      return returnToClient(request, form, deps, deniedHere)
  }
}

const handleOf = (form: FormText): string => form.one('handle') ?? ''

async function approve(request: Request, form: FormText, deps: LoginDeps): Promise<Response> {
  const { config, oauth, pingone, settle, countDenial } = deps
  // Checked first: during an outage of PingOne the form stays valid, and the user can send it again.
  const ready = await pingone.isReachable()
  if (!ready.ok) {
    countDenial(`login.${ready.error.reason}`)
    const incident = reportDenial(ready.error)
    const answer = answerDenial(ready.error)
    if (answer.to !== 'user') return returnToClient(request, form, deps, answer)
    return outagePage(config, answer, { handle: handleOf(form), scopes: form.all('scope'), incident })
  }
  // Without a scope option the library returns the stored request: an approval can only narrow it.
  const { request: stored, headers } = await oauth.approveConsent(request, handleOf(form))
  headers.append('Set-Cookie', await requireThisBrowser(request, stored))
  const approved = { ...stored, scope: approvedScopes(stored.scope, form.all('scope'), config.api) }
  const url = await beginSignIn(deps, approved, headers)
  await settle()
  if (!url.ok) return refuseLogin(deps, headers, { approved, denial: url.error, leaving: 'page' })
  return continueAnswer(config, url.value.href, 'pingone', headers)
}

/**
 * Returns the URL of the sign-in at PingOne, and adds its cookies to `headers`. `state` is made after consent, just
 * before the browser leaves (MCP Security Best Practices, State Validation).
 * @step login 10 state, and the cookie of this browser
 */
async function beginSignIn(
  { config, oauth, pingone, nowMs }: LoginDeps,
  approved: AuthRequest,
  headers: Headers,
): Promise<Result<URL, PingOneFailure>> {
  // Before `state` is made: if this lookup throws, the user can send the form again.
  // The flow gets the client's name only with PAR (pingone/authorization-url.ts).
  const client = config.pingone.par ? clientInFlow(await oauth.describeConsent(approved)) : undefined
  const secrets = pingone.newLoginSecrets()
  const data: LoginState = { purpose: 'client', ...secrets, consentedAtMs: nowMs() }
  const { bound, cookie } = await bindToBrowser(approved)
  const { state } = await oauth.beginUpstream(bound, { data, headers })
  headers.append('Set-Cookie', cookie)
  const scopes = upstreamScopes(inForce(approved.scope, config), config.api)
  return pingone.authorizationUrl({ redirectUri: callbackOf(config), state, secrets, scopes, client })
}

/** Consumes the consent. The redirect URI is the stored one: the form cannot name another. */
async function returnToClient(
  request: Request,
  form: FormText,
  { config, oauth, settle }: LoginDeps,
  { code, description }: Pick<ClientAnswer, 'code' | 'description'>,
): Promise<Response> {
  const { request: stored, headers } = await oauth.denyConsent(request, handleOf(form))
  headers.append('Set-Cookie', await requireThisBrowser(request, stored))
  await settle()
  headers.delete('Location')
  return continueAnswer(config, errorRedirect(stored, code, description), 'client', headers)
}
