import { continueAnswer } from '../authorization/answers.tsx'
import { inForce, upstreamScopes, wantedScopes } from '../authorization/scopes.ts'
import { clientInFlow } from '../authorization/shown-name.ts'
import type { AccountClient } from '../pages/account-page.tsx'
import { beginOwnSignIn, type Purpose } from './own-sign-in.ts'
import type { AccountParts } from './parts.ts'
import { refuseSignIn } from './refuse-sign-in.tsx'
import { clientOf } from './shown-client.ts'
import { answerDenied, answerFormRefused, answerNoRequest } from './step-up-answers.tsx'
import { readBoundForm } from './step-up-form.ts'
import { type OpenStepUp, openStepUp, requestIn } from './step-up-request.ts'

/** POST /step-up/…: the person decided. A yes goes to PingOne, where they say who they are; only then it counts. */
export async function decideStepUp(request: Request, parts: AccountParts): Promise<Response> {
  const asked = requestIn(request)
  const form = await readBoundForm(request, asked, parts)
  const open = await openStepUp(asked, parts)
  if (open === null) return answerNoRequest(parts)
  if (!form.ok) return answerFormRefused(parts, open.request)
  // What is no clear yes is a no.
  const [decision = 'deny', ...others] = form.value.all('decision')
  if (decision === 'approve' && others.length === 0) return approve(open, parts)
  await open.person.denyStepUp(open.id)
  return answerDenied(parts)
}

/** PingOne being down leaves the request as it was: the person can send the form again. */
async function approve({ request, view }: OpenStepUp, parts: AccountParts): Promise<Response> {
  const { config } = parts
  const purpose: Purpose = { kind: 'step-up', request }
  const wanted = inForce(wantedScopes([...view.has, ...view.scopes]), config)
  const begun = await beginOwnSignIn(parts, purpose, {
    scopes: upstreamScopes(wanted, config.api),
    client: clientInFlowOf(clientOf(view, parts)),
  })
  if (begun.ok) return continueAnswer(config, begun.value.url.href, 'pingone', begun.value.headers)
  return refuseSignIn(parts, { refusal: begun.error, purpose, headers: new Headers() })
}

/** A screen of the flow that names the client but not where it lives would only lend it a name. */
function clientInFlowOf({ name, redirectHost, domain }: AccountClient) {
  const host = redirectHost ?? domain
  return host === null ? undefined : clientInFlow({ clientName: name, redirectHost: host })
}
