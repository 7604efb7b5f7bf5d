import { AuthorizationError, type AuthRequest } from '@cloudflare/workers-oauth-provider'
import { isQueryTooLong, repeatedParameter } from '#http/read-request.ts'
import { ConsentPage } from '#pages/consent-page.tsx'
import { htmlAnswer } from '#pages/html-answer.ts'
import { denyClient } from '../clients/deny-client.ts'
import { shownClientName } from '../clients/shown-name.ts'
import { inForce, upstreamScopes, wantedScopes } from '../scopes.ts'
import { isHttps } from './answers.tsx'
import { bindToBrowser, type LoginDeps, withBeginning } from './login-state.ts'
import { refuseSwitchedOff } from './policy-gate.ts'
import { RequestDenial } from './refuse-login.ts'

const DAY_SECONDS = 86_400
const HOUR_SECONDS = 3600

/**
 * GET /authorize: the consent page. Nothing has been sent to PingOne yet. A client that is not admitted is denied before
 * the library sees its request (decision 16).
 * @step login 6-7 consent: which client asks, and for what
 */
export async function showConsent(original: Request, deps: LoginDeps): Promise<Response> {
  const { config, oauth, product, admission } = deps
  const { sessionIdleSeconds } = config.pingone
  const read = readAuthorizeRequest(original)
  const denial = await denyClient(read, deps)
  if (denial !== null) return denial
  const parsed = await oauth.parseAuthRequest(read.request)
  requireStrictRequest(read, parsed)
  // The page shows what is stored: the form can only remove scopes from it.
  const request = { ...parsed, scope: inForce(wantedScopes(parsed.scope, config.api), config) }
  const off = await refuseSwitchedOff(request, await deps.policies.head(), deps)
  if (off !== null) return off
  const details = await oauth.describeConsent(request)
  const begun = { atMs: deps.nowMs(), scopes: request.scope }
  const { bound, cookie } = await bindToBrowser(withBeginning(request, begun))
  const consent = await oauth.beginConsent(bound)
  consent.headers.append('Set-Cookie', cookie)
  const page = (
    <ConsentPage
      handle={consent.handle}
      client={{
        name: shownClientName(details.clientName),
        domain: details.clientDomain ?? null,
        label: admission.labelOf(request.clientId, request.redirectUri),
        redirectHost: details.redirectHost,
        isLocalApp: details.redirectIsLoopback,
      }}
      scopes={config.api.scopes
        .filter(({ value }) => request.scope.includes(value))
        .map(({ value, sentence, action, isRequired }) => ({
          value,
          sentence,
          action,
          isFixed: isRequired,
          isChecked: true,
        }))}
      upstreamScopes={['openid', 'profile', 'email', ...upstreamScopes(request.scope, config.api)]}
      lasting={{
        idleDays: config.life.grantIdleSeconds / DAY_SECONDS,
        maxDays: config.life.grantMaxSeconds / DAY_SECONDS,
        pingOneIdleHours: sessionIdleSeconds === null ? null : sessionIdleSeconds / HOUR_SECONDS,
      }}
      {...config.brand}
      apiName={product.api}
    />
  )
  return htmlAnswer(page, { isHttps: isHttps(config), headers: consent.headers })
}

/** The parameters that the library reads at `/authorize`. */
const KNOWN = [
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
  'resource',
]
// RFC 8707 §2 allows `resource` more than once.
const ONCE = KNOWN.filter((name) => name !== 'resource')

interface AuthorizeRequest {
  /** For the library: the parameters that were read here, encoded again. */
  request: Request
  client: string
  redirectUri: string
  /** The first parameter that came more than once. */
  repeated: string | undefined
}

/**
 * The only parser of the query, before any lookup. Client and redirect URI must be unambiguous, otherwise the answer is
 * a page. A parameter without a value counts as omitted (RFC 6749 §3.1).
 */
function readAuthorizeRequest({ url, method, headers }: Request): AuthorizeRequest {
  const sent = new URL(url)
  if (isQueryTooLong(sent) || repeatedParameter(sent, ['client_id', 'redirect_uri']) !== undefined) {
    throw new AuthorizationError('invalid_request', {
      description: 'Too long, or names two clients or redirects',
    })
  }
  const read = new URL('/authorize', sent)
  const seen = new Set<string>()
  for (const [name, value] of sent.searchParams) {
    if (!KNOWN.includes(name) || value === '' || (name !== 'resource' && seen.has(name))) continue
    seen.add(name)
    read.searchParams.append(name, value)
  }
  return {
    request: new Request(read, { method, headers }),
    client: read.searchParams.get('client_id') ?? '',
    redirectUri: read.searchParams.get('redirect_uri') ?? '',
    repeated: repeatedParameter(sent, ONCE),
  }
}

/** Denies what the library would accept. Client and redirect URI are valid, so the error goes to the client. */
function requireStrictRequest({ repeated }: AuthorizeRequest, request: AuthRequest): void {
  if (repeated !== undefined) throw denialFor(request, `${repeated} was sent more than once`)
  // OAuth 2.1 §4.1.1 requires PKCE of every client. The library does not require it of confidential ones.
  if (request.codeChallenge !== undefined && request.codeChallengeMethod === 'S256') return
  throw denialFor(request, 'PKCE with code_challenge_method S256 is required')
}

const denialFor = ({ redirectUri, state, issuer }: AuthRequest, description: string) =>
  new RequestDenial('invalid_request', {
    description,
    redirectUri,
    state,
    ...(issuer === undefined ? {} : { issuer }),
  })
