import { GrantType, OAuthAuthorizationServer, OAuthError } from '@cloudflare/workers-oauth-provider'
import { z } from 'zod'
import type { Config } from '../config.ts'
import { log } from '../lib/log.ts'
import type { ProviderEnv } from '../people/provider-env.ts'
import { lifeLeftSeconds } from './life-left.ts'
import { metadataScopes } from './scopes.ts'

export type AuthorizationServer = OAuthAuthorizationServer<ProviderEnv>

/** All that the library keeps with a grant for us: when it began. Everything else is in the Person. */
export const GrantProps = z.strictObject({ openedAtSeconds: z.number().int() })
export type GrantProps = z.infer<typeof GrantProps>

/** The OAuth server towards clients: metadata, `/token`, `/register`, revocation, and the helpers for our pages. */
export const makeAuthorizationServer = (config: Config, nowSeconds: () => number): AuthorizationServer =>
  new OAuthAuthorizationServer<ProviderEnv>({
    issuer: config.publicOrigin,
    resources: [config.resource],
    authorizeEndpoint: '/authorize',
    tokenEndpoint: '/token',
    clientRegistrationEndpoint: '/register',
    clientIdMetadataDocumentEnabled: true,
    scopesSupported: [...metadataScopes],
    accessTokenTTL: config.life.accessTokenSeconds,
    refreshTokenTTL: Math.min(config.life.grantIdleSeconds, config.life.grantMaxSeconds),
    refreshTokenIdleTTL: config.life.grantIdleSeconds,
    tokenExchangeCallback: ({ grantType, props }) => {
      if (grantType !== GrantType.REFRESH_TOKEN) return undefined
      const openedAtSeconds = GrantProps.parse(props).openedAtSeconds
      const leftSeconds = lifeLeftSeconds(config.life, nowSeconds() - openedAtSeconds)
      if (leftSeconds > 0) return { refreshTokenIdleTTL: leftSeconds }
      // The library's word for "never again": it ends this grant with all its tokens.
      throw new OAuthError('invalid_grant', { description: 'This access is over. Connect again.' })
    },
    onError: ({ code, status, internal }) => {
      log.warn('oauth.refused', { code, status, category: internal.category, cause: internal.reason })
    },
  })
