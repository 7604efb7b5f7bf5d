import { page, redirect, type Answer } from './answer.ts'
import { returnCode, returnError } from './callback.ts'
import { issueCode, issueForeignCode } from './code.ts'
import { findFlow, nextStep, pageOfFlow } from './flow.ts'
import { errorPage } from './pages/error-page.ts'
import { liveSession } from './sessions.ts'
import type { Visit } from './visit.ts'

/** GET /resume?flowId=: the hop between the flow's pages and the application. Works once. */
export function resume(visit: Visit): Answer {
  const { store, switches, correlationId } = visit
  const flow = findFlow(visit)
  if (!flow) {
    const text = 'The sign-on is over, or belongs to another browser'
    return page(errorPage(text, correlationId), text, 400)
  }
  const { request, outcome } = flow
  if (nextStep(flow) !== 'finish' || !outcome)
    return redirect(pageOfFlow(visit, flow), 'the flow is not over')
  store.flows.delete(flow.id)
  if (switches.flowError)
    return returnError(visit, request, switches.flowError.error, switches.flowError.description)
  if (outcome.kind === 'error') return returnError(visit, request, outcome.error, outcome.description)
  const session = liveSession(visit, flow.sid ?? '')
  // M: a flow that cannot be completed ends so, with the same words whatever the cause.
  if (!session) return returnError(visit, request, 'login_required', 'The flow could not be completed')
  if (switches.callbackCode === 'missing') return returnCode(visit, request, undefined)
  const issue = switches.callbackCode === 'foreign' ? issueForeignCode : issueCode
  const age = flow.isSignedOnHere ? 0 : switches.sessionAgeSeconds
  const signedOn = { ...session, authTimeSeconds: session.authTimeSeconds - age }
  return returnCode(visit, request, issue(visit, request, signedOn, outcome.scopes))
}
