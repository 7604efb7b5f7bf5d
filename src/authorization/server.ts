import { OAuthAuthorizationServer } from '@cloudflare/workers-oauth-provider'
import { z } from 'zod'
import type { Config } from '#config.ts'
import { log } from '#lib/log.ts'
import type { ProviderEnv } from '#oauth-store/provider-storage.ts'
import { lifeLeftSeconds } from './login/life-left.ts'
import { answerOAuthDenial, type OAuthDenial, wordsOfLibrary } from './oauth-denial.ts'
import { inForce, metadataScopes } from './scopes.ts'

export type AuthorizationServer = OAuthAuthorizationServer<ProviderEnv>

/** All that the library keeps with a grant for us: its times. Everything else is in the User. */
export const GrantProps = z.strictObject({
  openedAtSeconds: z.number().int(),
  downstreamEndsAtSeconds: z.number().int().nullable().default(null),
})
export type GrantProps = z.infer<typeof GrantProps>

/**
 * The OAuth server towards clients: metadata, `/token`, `/register`, revocation, and the helpers for our pages. The
 * library writes a registration with the life that is given here, and at a token request gives it that life anew when
 * less than half of it is left. So there are two servers (see wiring/isolate.ts): what the one for `/register` wrote for an
 * hour, the other one keeps from the first token on.
 * @step login 1-4 challenge, metadata and registration, by the OAuth library
 */
export const makeAuthorizationServer = (
  config: Config,
  nowSeconds: () => number,
  registrationSeconds: number,
): AuthorizationServer =>
  new OAuthAuthorizationServer<ProviderEnv>({
    issuer: config.publicOrigin,
    resources: [config.resource],
    authorizeEndpoint: '/authorize',
    tokenEndpoint: '/token',
    clientRegistrationEndpoint: '/register',
    clientRegistrationTTL: registrationSeconds,
    clientIdMetadataDocumentEnabled: true,
    scopesSupported: inForce(metadataScopes(config.api), config),
    accessTokenTTL: config.life.accessTokenSeconds,
    refreshTokenTTL: Math.min(config.life.grantIdleSeconds, config.life.grantMaxSeconds),
    refreshTokenIdleTTL: config.life.grantIdleSeconds,
    tokenExchangeCallback: ({ props, requestedScope }) => {
      const leftSeconds = lifeLeftSeconds(config.life, GrantProps.parse(props), nowSeconds())
      return {
        accessTokenTTL: Math.min(config.life.accessTokenSeconds, leftSeconds),
        // The first is heeded at the exchange of a code, the second at a refresh.
        refreshTokenTTL: leftSeconds,
        refreshTokenIdleTTL: leftSeconds,
        accessTokenScope: inForce(requestedScope, config),
      }
    },
    onError: ({ code, status, headers, internal }) => {
      const { category, reason: cause } = internal
      const isUnreadable = isClientUnreadable(internal)
      const told = isUnreadable ? unreadable : { code, status }
      log.warn('oauth.refused', { code: told.code, status: told.status, category, cause })
      if (isUnreadable) return answerOAuthDenial(null, unreadable)
      // Never the library's own sentences: some of them repeat input.
      return Response.json(
        { error: code, error_description: wordsOfLibrary(code, cause) },
        { status, headers },
      )
    },
  })

type LibraryReason = { category: string; reason: string; detail?: unknown }
const KeysMissing = z.looseObject({ reason: z.literal('jwks_fetch_failed') })

/**
 * A document, or the keys that it names, that could not be had just now. The library calls that `invalid_client`, upon
 * which clients forget who they are and register anew; but an outage signs nobody out (invariant 10).
 */
const isClientUnreadable = ({ category, reason, detail }: LibraryReason): boolean =>
  (category === 'client-id-metadata-document' && reason === 'metadata_resolution_failed') ||
  (reason === 'client_assertion_invalid' && KeysMissing.safeParse(detail).success)

const unreadable: OAuthDenial = {
  status: 503,
  code: 'temporarily_unavailable',
  description: 'What this client publishes about itself could not be read. Try again.',
  headers: { 'Retry-After': '30' },
}
