import { continueAnswer } from '../authorization/answers.tsx'
import { inForce, upstreamScopes, wantedScopes } from '../authorization/scopes.ts'
import { clientInFlow } from '../authorization/shown-name.ts'
import type { AccountClient } from '../pages/account-page.tsx'
import { beginOwnSignIn, type Purpose } from './own-sign-in.ts'
import type { AccountParts } from './parts.ts'
import { refuseSignIn } from './refuse-sign-in.tsx'
import { clientOf } from './shown-client.ts'
import { answerNoRequest } from './step-up-answers.tsx'
import { openStepUp } from './step-up-request.ts'

/**
 * To PingOne, for one purpose of ours. PingOne being down leaves everything as it was: the person can send the form
 * again. `isForced`: whatever session the browser has there, the person proves anew who they are.
 */
export async function beginFor(
  purpose: Purpose,
  parts: AccountParts,
  { isForced = false, headers = new Headers() }: { isForced?: boolean; headers?: Headers } = {},
): Promise<Response> {
  const asked = await askedFor(purpose, parts)
  if (asked === null) return answerNoRequest(parts, headers)
  const begun = await beginOwnSignIn(parts, purpose, { ...asked, isForced })
  if (!begun.ok) return refuseSignIn(parts, { refusal: begun.error, purpose, headers })
  for (const cookie of begun.value.headers.getSetCookie()) headers.append('Set-Cookie', cookie)
  return continueAnswer(parts.config, begun.value.url.href, 'pingone', headers)
}

/** What PingOne is asked for; null where there is nothing to decide any more. Only more access needs the API's scopes. */
async function askedFor(purpose: Purpose, parts: AccountParts) {
  if (purpose.kind === 'me' || purpose.decision === 'deny') return { scopes: [] }
  const open = await openStepUp(purpose.request, parts)
  if (open === null) return null
  const wanted = inForce(wantedScopes([...open.view.has, ...open.view.scopes]), parts.config)
  return {
    scopes: upstreamScopes(wanted, parts.config.api),
    client: clientInFlowOf(clientOf(open.view, parts)),
  }
}

/** A screen of the flow that names the client but not where it lives would only lend it a name. */
function clientInFlowOf({ name, redirectHost, domain }: AccountClient) {
  const host = redirectHost ?? domain
  return host === null ? undefined : clientInFlow({ clientName: name, redirectHost: host })
}
