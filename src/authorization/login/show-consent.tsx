import { ConsentPage } from '#pages/consent-page.tsx'
import { htmlAnswer } from '#pages/html-answer.ts'
import { isHttps } from './answers.tsx'
import { type AuthorizeRequest, requireStrictRequest } from './check-request.ts'
import type { LoginDeps } from './deps.ts'
import { shownClientName } from '../clients/shown-name.ts'
import { bindToBrowser } from './this-browser.ts'
import { inForce, upstreamScopes, wantedScopes } from '../scopes.ts'

const DAY_SECONDS = 86_400

/**
 * GET /authorize: who asks, for what, and where it would be sent. Nothing has gone to PingOne yet.
 * @step login 6-7 consent: which client asks, and for what
 */
export async function showConsent(read: AuthorizeRequest, parts: LoginDeps): Promise<Response> {
  const { config, oauth, product, admission } = parts
  const parsed = await oauth.parseAuthRequest(read.request)
  requireStrictRequest(read, parsed)
  // What the page asks and what is stored are the same: the form can only take away from it.
  const asked = { ...parsed, scope: inForce(wantedScopes(parsed.scope, config.api), config) }
  const details = await oauth.describeConsent(asked)
  const { bound, cookie } = await bindToBrowser(asked)
  const consent = await oauth.beginConsent(bound)
  consent.headers.append('Set-Cookie', cookie)
  const page = (
    <ConsentPage
      handle={consent.handle}
      client={{
        name: shownClientName(details.clientName),
        domain: details.clientDomain ?? null,
        label: admission.labelOf(asked.clientId, asked.redirectUri),
        redirectHost: details.redirectHost,
        isLocalApp: details.redirectIsLoopback,
      }}
      scopes={config.api.scopes
        .filter(({ value }) => asked.scope.includes(value))
        .map(({ value, sentence, isRequired }) => ({
          value,
          sentence,
          isFixed: isRequired,
          isChecked: true,
        }))}
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
