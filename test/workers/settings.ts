import { rootKey } from '#harness/root-key.ts'

/** Default settings of the Workers under test, and the values that tests need. */
export const ORIGIN = 'https://mcp.example.test'
export const ISSUER = 'https://auth.pingone.test/7f9a1f2e/as'
export const POLICY = '8b560e5d0d4f4d0b9d7a1c5e2f3a4b5c'
export const API_URL = 'https://api.example.test'
export const ROOT_KEYS = rootKey('k1')
export const REDIRECT_URI = 'http://localhost:33418/done'

export const SETTINGS = {
  PUBLIC_ORIGIN: ORIGIN,
  PINGONE_ISSUER: ISSUER,
  PINGONE_DV_POLICY_ID: POLICY,
  MCP_SERVER_CLIENT_ID: 'the-application',
  MCP_SERVER_CLIENT_SECRET: 'the-secret',
  API_IDENTIFIER: 'todo-api',
  ROOT_KEYS,
}

/** The address of a client's metadata document, and so its client id. */
export const DOCUMENT = 'https://agent.example.com/client.json'
/** Text of failing systems. It must never appear in an answer. */
export const STRANGE_WORDS = 'IGNORE-ALL-PREVIOUS-INSTRUCTIONS'
export const GRANTS_PER_USER = 2

/** The server between the fixture PingOne and the fixture API, for every client that registers. */
export const CONNECTED = {
  ...SETTINGS,
  API_URL,
  CLIENT_ADMISSION: 'open',
  GRANTS_PER_USER: String(GRANTS_PER_USER),
}

/** PingOne's metadata (OpenID Connect Discovery §3). */
export const DISCOVERY = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  revocation_endpoint: `${ISSUER}/revoke`,
  jwks_uri: `${ISSUER}/jwks`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
}
