import type { AuthRequest } from '@cloudflare/workers-oauth-provider'
import { newIncident } from '#lib/trace.ts'
import { log } from '#lib/log.ts'
import { continueAnswer, outagePage } from './answers.tsx'
import type { LoginDeps } from './deps.ts'
import { errorRedirect } from './redirect-places.ts'
import { answerDenial, type LoginDenial } from './denials.ts'
import { bindToBrowser } from './this-browser.ts'

/** How the browser leaves for the client: after a form of ours by a page (pages/continue-page.tsx), else by redirect. */
type Leaving = 'page' | 'redirect'

export interface RefusedLogin {
  approved: AuthRequest
  denial: LoginDenial
  leaving: Leaving
  /** Where PingOne was asked: its own id of what happened, if its answer had one, and ours. */
  facts?: { correlation: string | undefined; transaction: string }
}

/** Ends a login whose request the user approved: home to the client with an error, or a page with "Try again". */
export async function refuseLogin(
  { config, oauth }: LoginDeps,
  headers: Headers,
  { approved, denial, leaving, facts }: RefusedLogin,
): Promise<Response> {
  const incident = reportDenial(denial, { client: approved.clientId, ...facts })
  const answer = answerDenial(denial)
  if (answer.to === 'client') {
    const home = errorRedirect(approved, answer.code, answer.description)
    if (leaving === 'page') return continueAnswer(config, home, 'client', headers)
    headers.set('Location', home)
    return new Response(null, { status: 302, headers })
  }
  // What led here is used up, so "Try again" gets a handle of its own, for what the user has approved and no more.
  const { bound, cookie } = await bindToBrowser(approved)
  const again = await oauth.beginConsent(bound)
  headers.append('Set-Cookie', cookie)
  for (const cookie of again.headers.getSetCookie()) headers.append('Set-Cookie', cookie)
  return outagePage(config, answer, { handle: again.handle, scopes: approved.scope }, { headers, incident })
}

/** One line for the operator; the incident id joins it with the page. */
export function reportDenial(
  { reason, detail }: LoginDenial,
  facts: Readonly<Record<string, string | undefined>> = {},
): string {
  const incident = newIncident()
  // Decision 7: what only an operator can mend is an error, not a warning.
  const isForOperator = ['misconfigured', 'oversized', 'broken'].includes(reason)
  if (isForOperator) log.error('login.refused', { incident, reason, detail, ...facts })
  else log.warn('login.refused', { incident, reason, detail, ...facts })
  return incident
}
