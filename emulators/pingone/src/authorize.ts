import { page, redirect, type Answer } from './answer.ts'
import { checkRequest, describeRequest } from './authorization-request.ts'
import { browserOf, flowSeconds, nextStep, pageOfFlow, settleConsent } from './flow.ts'
import { returnError } from './callback.ts'
import { errorPage } from './pages/error-page.ts'
import { takePushed } from './par.ts'
import { one } from './parameters.ts'
import { randomText } from './random.ts'
import type { AuthorizationRequest, Flow } from './records.ts'
import { findBrowserSession, touchSession } from './sessions.ts'
import { sweep } from './store.ts'
import type { Visit } from './visit.ts'

/** GET or POST /authorize: starts the flow, or ends it at once when nothing is left to ask. */
export function authorize(visit: Visit): Answer {
  const { correlationId, store, nowSeconds } = visit
  sweep(store, nowSeconds)
  const parameters = requestParameters(visit)
  if (!parameters) return errorPageAnswer('The request_uri is not known', correlationId)
  const checked = checkRequest(visit, parameters)
  if (checked.kind === 'good') return startFlow(visit, checked.request)
  if (checked.kind === 'page') return errorPageAnswer(checked.description, correlationId)
  const caller = { redirectUri: one(parameters, 'redirect_uri') ?? '', state: one(parameters, 'state') }
  return returnError(visit, caller, checked.error, checked.description)
}

/** H: after /par the browser brings only client_id and request_uri. */
function requestParameters(visit: Visit): URLSearchParams | undefined {
  const { parameters, switches } = visit
  const requestUri = one(parameters, 'request_uri')
  if (requestUri === undefined) return switches.parRequired ? undefined : parameters
  const pushed = takePushed(visit, requestUri)
  return pushed?.get('client_id') === parameters.get('client_id') ? pushed : undefined
}

function startFlow(visit: Visit, request: AuthorizationRequest): Answer {
  const { store, nowSeconds } = visit
  const session = usableSession(visit, request)
  const browser = browserOf(visit)
  const flow: Flow = settleConsent(visit, {
    id: crypto.randomUUID(),
    browser: browser.value,
    csrf: randomText(),
    request,
    sid: session?.sid,
    isSignedOnHere: false,
    outcome: undefined,
    expiresAtSeconds: nowSeconds + flowSeconds,
  })
  const step = nextStep(flow)
  if (request.prompt === 'none' && step !== 'finish') {
    // M: the code. A flow that needs a user cannot be silent.
    return returnError(visit, request, 'login_required', 'The flow needs a user')
  }
  if (session) touchSession(visit, session)
  store.flows.put(flow.id, flow)
  return redirect(pageOfFlow(visit, flow), `flow started: ${describeRequest(request)}`, browser.cookies)
}

/** H: prompt=login and max_age reach the flow as "how old may the sign-on be". */
function usableSession(visit: Visit, { prompt, maxAgeSeconds }: AuthorizationRequest) {
  const { freshSignOn, sessionAgeSeconds } = visit.switches
  const session = prompt === 'login' && freshSignOn !== 'ignored' ? undefined : findBrowserSession(visit)
  if (!session || maxAgeSeconds === undefined || freshSignOn !== 'heeded') return session
  return visit.nowSeconds - session.authTimeSeconds + sessionAgeSeconds < maxAgeSeconds ? session : undefined
}

const errorPageAnswer = (text: string, correlationId: string): Answer =>
  page(errorPage(text, correlationId), text, 400)
