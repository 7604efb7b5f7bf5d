import { findAccount } from './accounts.ts'
import type { Context } from './endpoints.ts'
import { errorPage, one, readCookie, redirect, setCookie, withCorrelation, type Answer } from './http.ts'
import { randomText } from './random.ts'
import { apiScopesAmong } from './scopes.ts'
import { cookiePath, liveSession } from './sessions.ts'
import type { AuthorizationRequest, BrowserSession, Flow } from './store.ts'

/** The steps of the emulated DaVinci flow. */
type Step = 'sign-on' | 'consent' | 'finish'

export const flowSeconds = 900
const codeSeconds = 60

const cookieName = 'browser'

export function nextStep({ sid, outcome }: Flow): Step {
  if (sid === undefined) return 'sign-on'
  return outcome === undefined ? 'consent' : 'finish'
}

/** The URL of the next step: a page of the flow, or /resume. */
export function nextUrl({ settings }: Context, flow: Flow): string {
  const path = nextStep(flow) === 'finish' ? 'as/resume' : 'signon/'
  return `${settings.base}/${path}?flowId=${flow.id}`
}

/** All tabs of a browser share one cookie value, so that the form in each tab works. */
export function identifyBrowser(context: Context): { value: string; cookies: string[] } {
  const known = readCookie(context.request, cookieName)
  if (known !== undefined && /^[A-Za-z0-9_-]{43}$/.test(known)) return { value: known, cookies: [] }
  const value = randomText()
  return { value, cookies: [setCookie(cookieName, value, cookiePath(context.settings))] }
}

/** The flow that the request names, if it belongs to this browser. */
export function findFlow({ request, parameters, store, nowSeconds }: Context): Flow | undefined {
  const flow = store.flows.get(one(parameters, 'flowId') ?? '')
  if (!flow || flow.expiresAtSeconds <= nowSeconds) return undefined
  return readCookie(request, cookieName) === flow.browser ? flow : undefined
}

/** The page for a request whose flow is unknown. */
export const flowNotFound = (context: Context): Answer =>
  errorPage(context, 'The sign-on is over, or belongs to another browser')

/** Sets the outcome of the flow where switches or a remembered consent decide it. */
export function applyPresetConsent(context: Context, flow: Flow): Flow {
  const { store, switches } = context
  const session = flow.sid === undefined ? undefined : liveSession(context, flow.sid)
  if (!session) return { ...flow, sid: undefined }
  const requested = apiScopesAmong(flow.request.scopes)
  if (requested.length === 0) return allow(flow, [])
  if (switches.decision === 'deny') return { ...flow, outcome: denied }
  if (switches.decision === 'fewer') return allow(flow, requested.slice(0, 1))
  const remembered = switches.rememberConsent ? (store.consents.get(session.username) ?? []) : []
  return requested.every((scope) => remembered.includes(scope)) ? allow(flow, requested) : flow
}

/** H: the flow's "reduced scopes" narrow the API scopes; OIDC scopes stay. */
export function allow(flow: Flow, apiScopes: readonly string[]): Flow {
  const { scopes } = flow.request
  const requested = apiScopesAmong(scopes)
  const kept = scopes.filter((scope) => !requested.includes(scope) || apiScopes.includes(scope))
  return { ...flow, outcome: { kind: 'success', scopes: kept } }
}

/** H: the flow's designer chooses this error; these are the values we recommend. */
export const denied = {
  kind: 'error',
  error: 'access_denied',
  description: 'The user did not consent',
} as const

export function signedOnUser(context: Context, flow: Flow) {
  const session = flow.sid === undefined ? undefined : liveSession(context, flow.sid)
  return session && findAccount(context.store, session.username)
}

/** GET /resume?flowId=: returns from the flow's pages to the application. Works once. */
export function resume(context: Context): Answer {
  const { store, switches } = context
  const flow = findFlow(context)
  if (!flow) return flowNotFound(context)
  const { request, outcome } = flow
  if (nextStep(flow) !== 'finish' || !outcome) return redirect(nextUrl(context, flow), 'the flow is not over')
  store.flows.delete(flow.id)
  if (switches.flowError)
    return returnError(context, request, switches.flowError.error, switches.flowError.description)
  if (outcome.kind === 'error') return returnError(context, request, outcome.error, outcome.description)
  const session = liveSession(context, flow.sid ?? '')
  // M: a flow that cannot be completed always gets this error and text.
  if (!session) return returnError(context, request, 'login_required', 'The flow could not be completed')
  if (switches.callbackCode === 'missing') return returnCode(context, request, undefined)
  const age = flow.isSignedOnHere ? 0 : switches.sessionAgeSeconds
  const signedOn = { ...session, authTimeSeconds: session.authTimeSeconds - age }
  // 'foreign' is the code of another login at the same application, as in a code injection.
  const isForeign = switches.callbackCode === 'foreign'
  const source = isForeign ? { ...request, codeChallenge: randomText(), nonce: randomText() } : request
  return returnCode(context, request, issueCode(context, source, signedOn, outcome.scopes))
}

function issueCode(
  { store, nowSeconds }: Context,
  request: AuthorizationRequest,
  { sid, username, authTimeSeconds }: BrowserSession,
  scopes: readonly string[],
): string {
  const code = randomText()
  store.codes.put(code, {
    given: { username, sid, policyId: request.policyId, scopes, authTimeSeconds },
    redirectUri: request.redirectUri,
    codeChallenge: request.codeChallenge,
    nonce: request.nonce,
    expiresAtSeconds: nowSeconds + codeSeconds,
    isUsed: false,
    familyId: undefined,
  })
  return code
}

/** Where the authorization endpoint sends its answer. */
type RedirectTarget = Pick<AuthorizationRequest, 'redirectUri' | 'state'>

export function returnError(
  context: Context,
  target: RedirectTarget,
  error: string,
  description: string,
): Answer {
  const text = withCorrelation(description, context.correlationId)
  return redirectBack(context, target, { error, error_description: text }, `${error}: ${description}`)
}

const returnCode = (context: Context, target: RedirectTarget, code: string | undefined): Answer =>
  redirectBack(context, target, code === undefined ? {} : { code }, 'back to the application')

/** H: no `iss` (RFC 9207) by default. */
function redirectBack(
  { settings, switches }: Context,
  { redirectUri, state }: RedirectTarget,
  parameters: Readonly<Record<string, string>>,
  reason: string,
): Answer {
  const url = new URL(redirectUri)
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  if (state !== undefined && switches.callbackState !== 'missing') {
    url.searchParams.set('state', switches.callbackState === 'wrong' ? 'not-the-state-that-was-sent' : state)
  }
  if (switches.callbackIss !== 'absent') {
    url.searchParams.set('iss', switches.callbackIss === 'right' ? settings.issuer : `${settings.base}/other`)
  }
  return redirect(url.href, reason)
}
