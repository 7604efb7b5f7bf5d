import { continueAnswer } from '#authorization/login/answers.tsx'
import { inForce, upstreamScopes, wantedScopes } from '#authorization/scopes.ts'
import { clientInFlow } from '#authorization/clients/shown-name.ts'
import type { AccountClient } from '#pages/account-page.tsx'
import { beginOwnSignIn, type Purpose } from './own-sign-in.ts'
import type { AccountDeps } from './deps.ts'
import { refuseSignIn } from './refuse-sign-in.tsx'
import { clientOf } from '#account/shown-client.ts'
import { answerNoRequest } from '#account/step-up-answers.tsx'
import { openStepUp } from '#account/step-up-request.ts'

/**
 * Sends the browser to PingOne, for one purpose. If PingOne is down nothing changes: the user can submit the form
 * again. `isForced`: PingOne must authenticate the user again, whatever session the browser has.
 */
export async function beginFor(
  purpose: Purpose,
  parts: AccountDeps,
  { isForced = false, headers = new Headers() }: { isForced?: boolean; headers?: Headers } = {},
): Promise<Response> {
  const asked = await askedFor(purpose, parts)
  if (asked === null) return answerNoRequest(parts, headers)
  const begun = await beginOwnSignIn(parts, purpose, { ...asked, isForced })
  if (!begun.ok) return refuseSignIn(parts, { denial: begun.error, purpose, headers })
  for (const cookie of begun.value.headers.getSetCookie()) headers.append('Set-Cookie', cookie)
  return continueAnswer(parts.config, begun.value.url.href, 'pingone', headers)
}

/** The scopes to ask PingOne for; null if the request is gone. Only a step-up needs the API's scopes. */
async function askedFor(purpose: Purpose, parts: AccountDeps) {
  if (purpose.kind === 'me' || purpose.decision === 'deny') return { scopes: [] }
  const open = await openStepUp(purpose.request, parts)
  if (open === null) return null
  const wanted = inForce(
    wantedScopes([...open.view.has, ...open.view.scopes], parts.config.api),
    parts.config,
  )
  return {
    scopes: upstreamScopes(wanted, parts.config.api),
    client: clientInFlowOf(clientOf(open.view, parts)),
  }
}

/** The flow gets name and host together: a screen with the name alone would lend credibility to it. */
function clientInFlowOf({ name, redirectHost, domain }: AccountClient) {
  const host = redirectHost ?? domain
  return host === null ? undefined : clientInFlow({ clientName: name, redirectHost: host })
}
