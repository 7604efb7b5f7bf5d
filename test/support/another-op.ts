/**
 * An independent OpenID provider (oidc-provider 9) with PingOne's paths. Unlike the emulator, it cannot share our
 * misunderstandings of OAuth. It differs from PingOne: it sends `iss` with the code (RFC 9207), and only
 * `resource` yields a token for an API (RFC 8707), hence PINGONE_SEND_RESOURCE.
 */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { type PrivateJwk, publicHalfOf } from '#harness/make-private-jwk.ts'
import { type Context, type Interaction, Provider, type Token } from 'oidc-provider'

const ENVIRONMENT = '0a1b2c3d-0000-4000-8000-000000000002'
const BASE = `/${ENVIRONMENT}/as`
const API = 'https://todo.api.example'
const API_SCOPES = 'todo:read todo:write'
const POLICY = 'policy-of-another-op'

export interface AnotherOp extends AsyncDisposable {
  readonly issuer: string
  /** The settings that our server needs for it. */
  readonly settings: Readonly<Record<string, string>>
  /** Lifetime of the next access tokens. */
  accessTokenSeconds: number
  /** The grant type of each token response, in order. */
  readonly grants: readonly string[]
  /** Number of pushed requests (RFC 9126), and of grants that a revocation ended (RFC 7009). */
  pushed: number
  revoked: number
  /** Registers our server once its address is known. */
  openFor(ourOrigin: string): void
}

interface OpOptions {
  /** Requires assertions signed by this key, and pushed requests. */
  readonly privateKey?: PrivateJwk
}

export async function startAnotherOp({ privateKey }: OpOptions = {}): Promise<AnotherOp> {
  let handle = (_request: IncomingMessage, response: ServerResponse): Promise<unknown> =>
    Promise.resolve(response.writeHead(503).end())
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const issuer = `http://localhost:${address.port}${BASE}`
  const [clientId, secret] = [randomUUID(), randomBytes(24).toString('base64url')]
  const grants: string[] = []

  const op: AnotherOp = {
    issuer,
    settings: {
      PINGONE_ISSUER: issuer,
      PINGONE_DV_POLICY_ID: POLICY,
      PINGONE_SEND_RESOURCE: 'on',
      MCP_SERVER_CLIENT_ID: clientId,
      ...(privateKey === undefined
        ? { MCP_SERVER_CLIENT_SECRET: secret }
        : {
            PINGONE_CLIENT_AUTH: 'private_key_jwt',
            MCP_SERVER_PRIVATE_KEY: JSON.stringify(privateKey),
            PINGONE_PAR: 'on',
          }),
      API_IDENTIFIER: API,
    },
    accessTokenSeconds: 3600,
    grants,
    pushed: 0,
    revoked: 0,
    openFor: (ourOrigin) => {
      const provider = new Provider(issuer, {
        ...CONFIGURATION,
        ttl: { ...LIFE_SECONDS, AccessToken: () => op.accessTokenSeconds },
        jwks: { keys: [makeSigningKey()] },
        cookies: { keys: [randomBytes(32).toString('base64url')] },
        clients: [
          {
            client_id: clientId,
            ...(privateKey === undefined
              ? { client_secret: secret, token_endpoint_auth_method: 'client_secret_basic' }
              : {
                  token_endpoint_auth_method: 'private_key_jwt',
                  jwks: { keys: [publicHalfOf(privateKey)] },
                  require_pushed_authorization_requests: true,
                }),
            redirect_uris: [`${ourOrigin}/callback`, `${ourOrigin}/signed-in`],
            grant_types: ['authorization_code', 'refresh_token'],
            response_types: ['code'],
            // Without a logout URI it omits `sid` from its tokens.
            backchannel_logout_uri: `${ourOrigin}/never-called`,
            backchannel_logout_session_required: true,
          },
        ],
        features: {
          devInteractions: { enabled: false },
          backchannelLogout: { enabled: true },
          revocation: { enabled: true },
          resourceIndicators: {
            enabled: true,
            getResourceServerInfo: (_context: Context, audience: string) => ({
              audience,
              scope: audience === API ? API_SCOPES : '',
              accessTokenFormat: 'jwt',
              jwt: { sign: { alg: 'RS256' } },
            }),
          },
        },
      })
      provider.on('grant.success', ({ oidc }: Context) => grants.push(oidc.params['grant_type'] ?? ''))
      provider.on('pushed_authorization_request.success', () => (op.pushed += 1))
      provider.on('grant.revoked', () => (op.revoked += 1))
      handle = (request, response) => answer(provider, request, response)
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return op
}

const CONFIGURATION = {
  routes: { authorization: '/authorize', userinfo: '/userinfo' },
  acrValues: [POLICY],
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'] },
  pkce: { required: () => true },
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  findAccount: (_context: Context, accountId: string) => ({
    accountId,
    claims: () => ({ sub: accountId, name: `The one called ${accountId}`, preferred_username: accountId }),
  }),
  extraTokenClaims: ({ oidc: { entities } }: Context, { sid }: Token) => ({
    env: ENVIRONMENT,
    sid,
    acr: entities.AuthorizationCode?.acr ?? entities.RefreshToken?.acr,
  }),
  interactions: {
    url: (_context: Context, { uid }: Interaction) => `${BASE}/interaction/${uid}`,
  },
}

const LIFE_SECONDS = {
  AuthorizationCode: 60,
  IdToken: 600,
  Interaction: 600,
  RefreshToken: 3600,
  Grant: 3600,
  Session: 3600,
}

/** Its own paths have no prefix, because it is mounted, as in an Express application. */
function answer(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { url = '' } = request
  if (url.startsWith(`${BASE}/interaction/`)) return interact(provider, request, response)
  Object.assign(request, { originalUrl: url, url: url.replace(BASE, '') })
  return provider.callback()(request, response)
}

/** The two pages that a provider's operator must supply; their fields are those of the emulator. */
async function interact(provider: Provider, request: IncomingMessage, response: ServerResponse) {
  const interaction = await provider.interactionDetails(request, response)
  const isLogin = interaction.prompt.name === 'login'
  if (request.method !== 'POST') {
    const fields = isLogin
      ? '<input name="username"><input name="password" type="password"><button>Sign on</button>'
      : '<button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button>'
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(`<!doctype html><title>Another OP</title><form method="post">${fields}</form>`)
    return
  }
  const form = new URLSearchParams(await text(request))
  const result = isLogin
    ? { login: { accountId: form.get('username'), acr: interaction.params.acr_values } }
    : form.get('decision') === 'allow'
      ? { consent: { grantId: await allow(provider, interaction) } }
      : { error: 'access_denied', error_description: 'The user declined' }
  await provider.interactionFinished(request, response, result)
}

async function allow(provider: Provider, { grantId, prompt, params, session }: Interaction): Promise<string> {
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId)
  const grant =
    known ?? new provider.Grant({ accountId: session?.accountId ?? '', clientId: params.client_id })
  const { missingOIDCScope = [], missingResourceScopes = {} } = prompt.details
  grant.addOIDCScope(missingOIDCScope.join(' '))
  for (const [resource, scopes] of Object.entries(missingResourceScopes)) {
    grant.addResourceScope(resource, scopes.join(' '))
  }
  return grant.save()
}

const makeSigningKey = () => ({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  kid: randomUUID(),
  alg: 'RS256',
  use: 'sig',
})
