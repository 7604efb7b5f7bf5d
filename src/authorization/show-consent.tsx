import { AuthorizationError, type AuthRequest } from '@cloudflare/workers-oauth-provider'
import { boundedText } from '../lib/bounded-text.ts'
import { ConsentPage } from '../pages/consent-page.tsx'
import { htmlAnswer } from '../pages/html-answer.ts'
import { isHttps } from './answers.tsx'
import type { LoginParts } from './parts.ts'
import { offeredScopes, READ, upstreamScopes, wantedScopes } from './scopes.ts'

const MAX_NAME_CHARACTERS = 100
const DAY_SECONDS = 86_400

/** GET /authorize: who asks, for what, and where it would be sent. Nothing has gone to PingOne yet. */
export async function showConsent(request: Request, parts: LoginParts): Promise<Response> {
  const { config, oauth, product } = parts
  const parsed = await oauth.parseAuthRequest(request)
  requirePkce(parsed)
  // What the page asks and what is stored are the same: the form can only take away from it.
  const asked = { ...parsed, scope: wantedScopes(parsed.scope) }
  const details = await oauth.describeConsent(asked)
  const consent = await oauth.beginConsent(asked)
  const page = (
    <ConsentPage
      handle={consent.handle}
      client={{
        name: boundedText(details.clientName, MAX_NAME_CHARACTERS),
        domain: details.clientDomain ?? null,
        label: null,
        redirectHost: details.redirectHost,
        isLocalApp: details.redirectIsLoopback,
      }}
      scopes={offeredScopes
        .filter(({ value }) => asked.scope.includes(value))
        .map((scope) => ({ ...scope, isFixed: scope.value === READ, isChecked: true }))}
      upstreamScopes={['openid', 'profile', 'email', ...upstreamScopes(asked.scope, config.api)]}
      staysSignedIn={{
        idleDays: config.life.grantIdleSeconds / DAY_SECONDS,
        maxDays: config.life.grantMaxSeconds / DAY_SECONDS,
      }}
      productName={product.name}
      apiName={product.api}
    />
  )
  return htmlAnswer(page, { isHttps: isHttps(config), headers: consent.headers })
}

/** OAuth 2.1 §4.1.1 asks PKCE of every client; the library lets a confidential one go without. */
function requirePkce(request: AuthRequest): void {
  if (request.codeChallenge !== undefined && request.codeChallengeMethod === 'S256') return
  throw new AuthorizationError('invalid_request', {
    description: 'PKCE with code_challenge_method S256 is required',
    redirectUri: request.redirectUri,
    state: request.state,
    ...(request.issuer === undefined ? {} : { issuer: request.issuer }),
  })
}
