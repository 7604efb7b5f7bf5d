/** What a server checks in a request, and in which file. */
export interface OurAnswer {
  readonly method: string
  readonly path: RegExp
  /** Limits the entry to this status. */
  readonly status?: number
  readonly checked: string
  readonly file: string
}

/** The MCP server, in the order of src/compose.ts; the first match applies. */
export const OUR_ANSWERS: readonly OurAnswer[] = [
  {
    method: 'POST',
    path: /^\/mcp$/,
    status: 401,
    checked: 'no bearer: the challenge says where to sign in',
    file: 'src/compose.ts',
  },
  {
    method: 'POST',
    path: /^\/mcp$/,
    status: 403,
    checked: 'a scope is missing: the challenge names what is needed',
    file: 'src/mcp/edge/challenge-scopes.ts',
  },
  {
    method: 'POST',
    path: /^\/mcp$/,
    checked: 'bearer, audience, grant, scope; the intent is on record before the tool runs',
    file: 'src/mcp/endpoint.ts',
  },
  {
    method: 'GET',
    path: /^\/\.well-known\/oauth-protected-resource/,
    checked: 'which authorization server and scopes /mcp has',
    file: 'src/compose.ts',
  },
  {
    method: 'GET',
    path: /^\/\.well-known\//,
    checked: 'what the authorization server offers',
    file: 'src/authorization/server.ts',
  },
  {
    method: 'POST',
    path: /^\/register$/,
    checked: 'a client names itself and its redirect URI',
    file: 'src/authorization/server.ts',
  },
  {
    method: 'GET',
    path: /^\/authorize$/,
    checked: 'client, redirect URI, PKCE S256, resource; nothing sent to PingOne yet',
    file: 'src/authorization/login/show-consent.tsx',
  },
  {
    method: 'POST',
    path: /^\/authorize$/,
    checked: 'consent handle, cookie of this browser; scopes left ticked',
    file: 'src/authorization/login/decide-consent.ts',
  },
  {
    method: 'GET',
    path: /^\/callback$/,
    checked: 'state of this browser; code exchanged; id token and access token of PingOne',
    file: 'src/authorization/login/finish-login.ts',
  },
  {
    method: 'POST',
    path: /^\/token$/,
    checked: 'code used once, PKCE verifier, redirect URI, resource',
    file: 'src/authorization/server.ts',
  },
]

const SIGN_ON = 'sign-on.ts'
const IN_THE_EMULATOR: Readonly<Record<string, string>> = {
  consent: SIGN_ON,
  jwks: 'discovery.ts',
  par: 'authorize.ts',
  register: SIGN_ON,
  reset: SIGN_ON,
  resume: 'flow.ts',
  revoke: 'introspect.ts',
  signon: SIGN_ON,
  userinfo: 'introspect.ts',
}

/** The emulator's file for an endpoint, by the name that its timeline uses. */
export const emulatorFile = (endpoint: string): string =>
  `emulators/pingone/src/${IN_THE_EMULATOR[endpoint] ?? `${endpoint}.ts`}`
