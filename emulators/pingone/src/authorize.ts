import { applyPresetConsent, flowSeconds, identifyBrowser, nextStep, nextUrl, returnError } from './flow.ts'
import { errorPage, hasDuplicate, json, oauthError, one, redirect, splitWords, type Answer } from './http.ts'
import type { Context } from './endpoints.ts'
import { randomText } from './random.ts'
import { checkScopes } from './scopes.ts'
import { findBrowserSession, touchSession } from './sessions.ts'
import { sweep, type AuthorizationRequest, type Flow } from './store.ts'

/** GET or POST /authorize: starts a flow, or ends it at once when no page is needed. */
export function authorize(context: Context): Answer {
  const { store, nowSeconds } = context
  sweep(store, nowSeconds)
  const parameters = requestParameters(context)
  if (!parameters) return errorPage(context, 'The request_uri is not known')
  const checked = checkRequest(context, parameters)
  if (checked.kind === 'good') return startFlow(context, checked.request)
  if (checked.kind === 'page') return errorPage(context, checked.description)
  const target = { redirectUri: one(parameters, 'redirect_uri') ?? '', state: one(parameters, 'state') }
  return returnError(context, target, checked.error, checked.description)
}

/** H: after /par the browser sends only client_id and request_uri. */
function requestParameters(context: Context): URLSearchParams | undefined {
  const { parameters, switches } = context
  const requestUri = one(parameters, 'request_uri')
  if (requestUri === undefined) return switches.parRequired ? undefined : parameters
  const pushed = redeemRequestUri(context, requestUri)
  return pushed?.get('client_id') === parameters.get('client_id') ? pushed : undefined
}

function startFlow(context: Context, request: AuthorizationRequest): Answer {
  const { store, nowSeconds } = context
  const session = usableSession(context, request)
  const browser = identifyBrowser(context)
  const flow: Flow = applyPresetConsent(context, {
    id: crypto.randomUUID(),
    browser: browser.value,
    csrf: randomText(),
    request,
    sid: session?.sid,
    isSignedOnHere: false,
    outcome: undefined,
    expiresAtSeconds: nowSeconds + flowSeconds,
  })
  if (request.prompt === 'none' && nextStep(flow) !== 'finish') {
    // M: the error code.
    return returnError(context, request, 'login_required', 'The flow needs a user')
  }
  if (session) touchSession(context, session)
  store.flows.put(flow.id, flow)
  return redirect(nextUrl(context, flow), `flow started: ${describeRequest(request)}`, browser.cookies)
}

/** H: prompt=login and max_age tell the flow how old the sign-on may be. */
function usableSession(context: Context, { prompt, maxAgeSeconds }: AuthorizationRequest) {
  const { freshSignOn, sessionAgeSeconds } = context.switches
  const session = prompt === 'login' && freshSignOn !== 'ignored' ? undefined : findBrowserSession(context)
  if (!session || maxAgeSeconds === undefined || freshSignOn !== 'heeded') return session
  return context.nowSeconds - session.authTimeSeconds + sessionAgeSeconds < maxAgeSeconds
    ? session
    : undefined
}

const requestSeconds = 60
const clientAuthParameters = ['client_secret', 'client_assertion', 'client_assertion_type']

/** POST /par (RFC 9126): the checks of /authorize, answered to the application instead of the browser. */
export function pushRequest(context: Context): Answer {
  const { parameters, settings, store, nowSeconds } = context
  if (one(parameters, 'request_uri') !== undefined) {
    return oauthError(context, 'invalid_request', 'request_uri is not allowed here')
  }
  const pushed = [...parameters].filter(([name]) => !clientAuthParameters.includes(name))
  if (!parameters.has('client_id')) pushed.push(['client_id', settings.clientId])
  const checked = checkRequest(context, new URLSearchParams(pushed))
  if (checked.kind !== 'good') return oauthError(context, checked.error, checked.description)
  const requestUri = `urn:ietf:params:oauth:request_uri:${randomText()}`
  store.pushed.put(requestUri, { parameters: pushed, expiresAtSeconds: nowSeconds + requestSeconds })
  const body = { request_uri: requestUri, expires_in: requestSeconds }
  return json(body, `pushed: ${describeRequest(checked.request)}`, 201)
}

/** The parameters of a `request_uri`; it works once. */
function redeemRequestUri({ store, nowSeconds }: Context, requestUri: string): URLSearchParams | undefined {
  const pushed = store.pushed.get(requestUri)
  store.pushed.delete(requestUri)
  if (!pushed || pushed.expiresAtSeconds <= nowSeconds) return undefined
  return new URLSearchParams(pushed.parameters.map(([name, value]): [string, string] => [name, value]))
}

type ParameterError = { error: string; description: string }

/** `page`: the redirect URI is not trusted. `redirect`: the application gets the error. */
type RequestCheck =
  | { kind: 'good'; request: AuthorizationRequest }
  | ({ kind: 'page' | 'redirect' } & ParameterError)

/** Checks the redirect target first, then the request. */
function checkRequest(context: Context, parameters: URLSearchParams): RequestCheck {
  const { settings } = context
  const redirectUri = one(parameters, 'redirect_uri')
  if (one(parameters, 'client_id') !== settings.clientId) {
    return { kind: 'page', ...invalidRequest('The application is not known') }
  }
  // M: an unregistered redirect_uri gets PingOne's own error page. Compared byte for byte.
  if (redirectUri === undefined || !settings.redirectUris.includes(redirectUri)) {
    return { kind: 'page', ...invalidRequest('Redirect URI mismatch') }
  }
  for (const check of checks) {
    const error = check(parameters)
    if (error) return { kind: 'redirect', ...error }
  }
  const scopes = checkScopes(context, splitWords(one(parameters, 'scope')), one(parameters, 'resource'))
  if (!scopes.ok) return { kind: 'redirect', error: 'invalid_scope', description: scopes.description }
  const policyId = choosePolicy(context, one(parameters, 'acr_values'))
  // L: the error code; only the text was seen.
  if (policyId === undefined) return { kind: 'redirect', ...invalidRequest('PolicyId not found') }
  const maxAge = one(parameters, 'max_age')
  const request = {
    redirectUri,
    scopes: scopes.scopes,
    state: one(parameters, 'state'),
    nonce: one(parameters, 'nonce'),
    codeChallenge: one(parameters, 'code_challenge') ?? '',
    policyId,
    prompt: one(parameters, 'prompt'),
    maxAgeSeconds: maxAge === undefined ? undefined : Number(maxAge),
    shownClient: shownClient(parameters),
  }
  return { kind: 'good', request }
}

/** M: the error codes. The texts are the emulator's own. */
const checks: readonly ((parameters: URLSearchParams) => ParameterError | undefined)[] = [
  (parameters) => (hasDuplicate(parameters) ? invalidRequest('A parameter was sent twice') : undefined),
  (parameters) =>
    one(parameters, 'response_type') === 'code'
      ? undefined
      : { error: 'unsupported_response_type', description: 'Unsupported response type' },
  // PingOne also has other response modes and signed request objects.
  (parameters) =>
    ['query', undefined].includes(one(parameters, 'response_mode'))
      ? undefined
      : invalidRequest('Unsupported response mode'),
  (parameters) =>
    one(parameters, 'request') === undefined
      ? undefined
      : { error: 'request_not_supported', description: 'The emulator reads no request objects' },
  (parameters) =>
    /^[A-Za-z0-9_-]{43}$/.test(one(parameters, 'code_challenge') ?? '') &&
    one(parameters, 'code_challenge_method') === 'S256'
      ? undefined
      : invalidRequest('PKCE with S256 is required'),
  (parameters) =>
    /^\d{1,9}$/.test(one(parameters, 'max_age') ?? '0') ? undefined : invalidRequest('max_age is no number'),
  // H: prompt=consent is for the device grant and has no effect here.
  (parameters) =>
    ['none', 'login', 'consent', undefined].includes(one(parameters, 'prompt'))
      ? undefined
      : invalidRequest('Unsupported prompt'),
]

const invalidRequest = (description: string): ParameterError => ({ error: 'invalid_request', description })

/** H: every policy in `acr_values` must be assigned. The first one runs; default: the first assigned policy. */
function choosePolicy({ settings, switches }: Context, acrValues: string | undefined): string | undefined {
  const assigned = switches.policyAssigned ? settings.policyIds : []
  const requested = splitWords(acrValues)
  if (!requested.every((policyId) => assigned.includes(policyId))) return undefined
  return requested[0] ?? assigned[0]
}

/** H: a flow reads extra parameters by name. M: its screens show them. */
function shownClient(parameters: URLSearchParams): AuthorizationRequest['shownClient'] {
  const [name, host] = [one(parameters, 'mcp_client_name'), one(parameters, 'mcp_client_host')]
  return name === undefined || host === undefined ? undefined : { name, host }
}

const describeRequest = ({ scopes, policyId }: AuthorizationRequest): string =>
  `scopes ${scopes.join(' ')}, policy ${policyId}`
