import { OAuthAuthorizationServer } from '@cloudflare/workers-oauth-provider'
import { z } from 'zod'
import type { Config } from '#config.ts'
import { log } from '#lib/log.ts'
import type { ProviderEnv, ProviderStorage } from '#oauth-store/provider-storage.ts'
import { GrantProps, lifeLeftSeconds } from './grant-props.ts'
import { answerOAuthDenial, describeLibraryError, temporaryDenial } from './oauth-denial.ts'
import { inForce, metadataScopes } from './scopes.ts'

export type AuthorizationServer = OAuthAuthorizationServer<ProviderEnv>

/** Runs the library for one request, over a storage of the caller's choice. */
export interface LibraryRun {
  run(request: Request, storage: ProviderStorage): Promise<Response>
  storage: ProviderStorage
}

/**
 * The OAuth server for clients: metadata, `/token`, `/register`, revocation, and the helpers for our pages. The library
 * stores a registration for `registrationSeconds`, and renews it at a token request when half of that is over. The
 * server for `/register` therefore gives an hour, and the one for `/token` the full life (wiring/isolate.ts).
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
        // The library uses the first for a code, the second for a refresh.
        refreshTokenTTL: leftSeconds,
        refreshTokenIdleTTL: leftSeconds,
        accessTokenScope: inForce(requestedScope, config),
      }
    },
    onError: ({ code, status, headers, internal }) => {
      const { category, reason: cause } = internal
      const isUnreadable = isClientUnreadable(internal)
      const logged = isUnreadable ? unreadable : { code, status }
      log.warn('oauth.refused', { code: logged.code, status: logged.status, category, cause })
      if (isUnreadable) return answerOAuthDenial(null, unreadable)
      return Response.json(
        { error: code, error_description: describeLibraryError(code, cause) },
        { status, headers },
      )
    },
  })

type LibraryReason = { category: string; reason: string; detail?: unknown }
const KeysMissing = z.looseObject({ reason: z.literal('jwks_fetch_failed') })

/**
 * A client's metadata document or keys could not be fetched now. The library answers `invalid_client`, after which
 * clients forget their registration; an outage must sign nobody out (invariant 10).
 */
const isClientUnreadable = ({ category, reason, detail }: LibraryReason): boolean =>
  (category === 'client-id-metadata-document' && reason === 'metadata_resolution_failed') ||
  (reason === 'client_assertion_invalid' && KeysMissing.safeParse(detail).success)

const unreadable = temporaryDenial(
  503,
  'What this client publishes about itself could not be read. Try again.',
  30,
)
