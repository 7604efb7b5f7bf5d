import { json, type Answer } from './http.ts'
import { publicKeys } from './signing-keys.ts'
import type { Context } from './endpoints.ts'

/** GET /.well-known/openid-configuration, with PingOne's fields; no RFC 9207 `iss`, no registration. */
export function showDiscovery({ settings: { issuer } }: Context): Answer {
  const document = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    pushed_authorization_request_endpoint: `${issuer}/par`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/jwks`,
    end_session_endpoint: `${issuer}/signoff`,
    introspection_endpoint: `${issuer}/introspect`,
    revocation_endpoint: `${issuer}/revoke`,
    device_authorization_endpoint: `${issuer}/device_authorization`,
    claims_parameter_supported: false,
    request_parameter_supported: true,
    request_uri_parameter_supported: false,
    require_pushed_authorization_requests: false,
    scopes_supported: ['openid', 'profile', 'email', 'address', 'phone'],
    response_types_supported: [
      'code',
      'id_token',
      'token id_token',
      'code id_token',
      'code token',
      'code token id_token',
    ],
    response_modes_supported: ['pi.flow', 'query', 'fragment', 'form_post'],
    grant_types_supported: [
      'authorization_code',
      'implicit',
      'client_credentials',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
    ],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    userinfo_signing_alg_values_supported: ['none'],
    request_object_signing_alg_values_supported: ['none', 'HS256', 'RS256'],
    // M: from an older sample, independent of the application's configuration.
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    claim_types_supported: ['normal'],
    claims_supported: [
      'sub',
      'iss',
      'auth_time',
      'acr',
      'name',
      'given_name',
      'family_name',
      'middle_name',
      'preferred_username',
      'profile',
      'picture',
      'zoneinfo',
      'phone_number',
      'updated_at',
      'address',
      'email',
      'locale',
    ],
    code_challenge_methods_supported: ['plain', 'S256'],
  }
  return json(document, 'discovery', 200, { 'cache-control': 'public, max-age=300' })
}

/** GET /jwks */
export async function showKeys({ store }: Context): Promise<Answer> {
  return json({ keys: await publicKeys(store) }, 'keys', 200, { 'cache-control': 'public, max-age=300' })
}
