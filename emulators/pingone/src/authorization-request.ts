import { one, repeated, words } from './parameters.ts'
import type { AuthorizationRequest } from './records.ts'
import { checkScopes } from './scopes.ts'
import type { Visit } from './visit.ts'

/** `page`: nobody can be trusted with a redirect. `redirect`: the application hears of it. */
export type CheckedRequest =
  | { kind: 'good'; request: AuthorizationRequest }
  | { kind: 'page' | 'redirect'; error: string; description: string }

type Problem = { error: string; description: string } | undefined

/** Checks in the order PingOne must have them: first where to answer at all, then what is asked. */
export function checkRequest(visit: Visit, parameters: URLSearchParams): CheckedRequest {
  const { settings } = visit
  const redirectUri = one(parameters, 'redirect_uri')
  if (one(parameters, 'client_id') !== settings.clientId) {
    return { kind: 'page', error: 'invalid_request', description: 'The application is not known' }
  }
  // M: a redirect_uri that is not registered gets PingOne's own error page. Compared byte for byte.
  if (redirectUri === undefined || !settings.redirectUris.includes(redirectUri)) {
    return { kind: 'page', error: 'invalid_request', description: 'Redirect URI mismatch' }
  }
  for (const check of checks) {
    const problem = check(parameters, visit)
    if (problem) return { kind: 'redirect', ...problem }
  }
  const scopes = checkScopes(visit, words(one(parameters, 'scope')), one(parameters, 'resource'))
  if (!scopes.ok) return { kind: 'redirect', error: 'invalid_scope', description: scopes.description }
  const policyId = choosePolicy(visit, one(parameters, 'acr_values'))
  // L: which error code PingOne sends; the text was seen.
  if (policyId === undefined)
    return { kind: 'redirect', error: 'invalid_request', description: 'PolicyId not found' }
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

/** M: the error codes of these. The texts are ours. */
const checks: readonly ((parameters: URLSearchParams, visit: Visit) => Problem)[] = [
  (parameters) => (repeated(parameters) === undefined ? undefined : invalid('A parameter was sent twice')),
  (parameters) =>
    one(parameters, 'response_type') === 'code'
      ? undefined
      : { error: 'unsupported_response_type', description: 'Unsupported response type' },
  // Deliberate: PingOne has more response modes and signed request objects; the emulator has neither.
  (parameters) =>
    ['query', undefined].includes(one(parameters, 'response_mode'))
      ? undefined
      : invalid('Unsupported response mode'),
  (parameters) =>
    one(parameters, 'request') === undefined
      ? undefined
      : { error: 'request_not_supported', description: 'The emulator reads no request objects' },
  (parameters) =>
    /^[A-Za-z0-9_-]{43}$/.test(one(parameters, 'code_challenge') ?? '') &&
    one(parameters, 'code_challenge_method') === 'S256'
      ? undefined
      : invalid('PKCE with S256 is required'),
  (parameters) =>
    /^\d{1,9}$/.test(one(parameters, 'max_age') ?? '0') ? undefined : invalid('max_age is no number'),
  // H: prompt=consent is for the device grant and forces nothing here.
  (parameters) =>
    ['none', 'login', 'consent', undefined].includes(one(parameters, 'prompt'))
      ? undefined
      : invalid('Unsupported prompt'),
]

const invalid = (description: string): Problem => ({ error: 'invalid_request', description })

/** H: all of `acr_values` must be assigned, in order; without it the assigned policy of the first priority runs. */
function choosePolicy({ settings, switches }: Visit, acrValues: string | undefined): string | undefined {
  const assigned = switches.policyAssigned ? settings.policyIds : []
  const asked = words(acrValues)
  if (!asked.every((policyId) => assigned.includes(policyId))) return undefined
  return asked[0] ?? assigned[0]
}

/** H: a flow reads extra parameters by their names. M: its screens show them. */
function shownClient(parameters: URLSearchParams): AuthorizationRequest['shownClient'] {
  const [name, host] = [one(parameters, 'mcp_client_name'), one(parameters, 'mcp_client_host')]
  return name === undefined || host === undefined ? undefined : { name, host }
}

/** One line for the timeline. */
export const describeRequest = ({ scopes, policyId }: AuthorizationRequest): string =>
  `scopes ${scopes.join(' ')}, policy ${policyId}`
