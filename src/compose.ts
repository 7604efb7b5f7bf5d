import { OAuthResourceServer } from '@cloudflare/workers-oauth-provider'
import { Hono, type Context } from 'hono'
import { answerAuthorizationError } from './authorization/answer-authorization-error.tsx'
import { decideConsent } from './authorization/decide-consent.tsx'
import { finishLogin } from './authorization/finish-login.tsx'
import type { LoginParts, ProductNames } from './authorization/parts.ts'
import { READ } from './authorization/scopes.ts'
import { makeAuthorizationServer, type AuthorizationServer } from './authorization/server.ts'
import { showConsent } from './authorization/show-consent.tsx'
import { loadConfig, requireConfig, type Config } from './config.ts'
import { refuseOtherOrigins } from './http/origin-guard.ts'
import { staticAsset } from './http/static-asset.ts'
import type { Fetch } from './lib/bounded-fetch.ts'
import { oncePerEnv } from './lib/once-per-env.ts'
import { deriveSigningKey } from './lib/root-keys.ts'
import { makeMcpEndpoint } from './mcp/endpoint.ts'
import { guardMcpRequest } from './mcp/guard-request.ts'
import { answerError } from './pages/answer-error.tsx'
import { answerBadSettings } from './pages/answer-settings.tsx'
import { copyScript } from './pages/copy-script.ts'
import { showHome } from './pages/show-home.tsx'
import { styles } from './pages/styles.ts'
import { makePerson, type PersonObject } from './people/person.ts'
import { openPersonId } from './people/person-id.ts'
import { providerEnv } from './people/provider-env.ts'
import { makePingOne, type PingOne } from './pingone/client.ts'
import type { AnyTool } from './tools/define-tool.ts'

/** The world, as far as this server touches it; tests give another one. */
export interface Deps {
  fetch: Fetch
  /** Milliseconds since 1970. */
  nowMs(): number
  deadlines: { pingoneMs: number; apiMs: number; toolMs: number }
}

export interface Product {
  names: ProductNames
  tools: readonly AnyTool[]
  deps: Deps
}

type Page = Context<{ Bindings: Call }>

const PROTECTED_RESOURCE = '/.well-known/oauth-protected-resource'

/** What is made once per isolate from the settings. */
interface Parts {
  config: Config
  pingone: PingOne
  authorization: AuthorizationServer
  resource: OAuthResourceServer<Env>
}

/** One request, as the routes see it. */
interface Call extends Parts {
  env: Env
  ctx: ExecutionContext
}

/** Every route of this server, and which file answers it. `/mcp` needs a bearer; everything else is for browsers and OAuth. */
export function compose({ names, tools, deps }: Product) {
  const nowSeconds = () => Math.floor(deps.nowMs() / 1000)
  const partsOf = oncePerEnv((env: Env) => makeParts(requireConfig(env)))

  const makeParts = (config: Config): Parts => {
    const authorization = makeAuthorizationServer(config, nowSeconds)
    return {
      config,
      authorization,
      pingone: makePingOne(
        { ...config.pingone, apiIdentifier: config.api.identifier, deadlineMs: deps.deadlines.pingoneMs },
        { fetch: deps.fetch, now: nowSeconds },
      ),
      resource: new OAuthResourceServer<Env>({
        resourceMetadata: {
          resource: config.resource,
          authorization_servers: [config.publicOrigin],
          resource_name: names.name,
        },
        requiredScopes: [READ],
        validateToken: (env) => async (resource, token) => {
          // Decision 15: a bearer that we did not make is refused before any storage or object is asked.
          const person = await openPersonId(config.rootKeys, token.split(':')[0] ?? '')
          return person === null ? null : authorization.validateToken(resource, token, providerEnv(env))
        },
        handler: mcp.handler,
      }),
    }
  }

  const personOf = async (env: Env, id: string): Promise<DurableObjectStub<PersonObject>> => {
    const name = await openPersonId(partsOf(env).config.rootKeys, id)
    if (name === null) throw new Error('a person id that this server did not make reached an object')
    return env.PERSON.getByName(name)
  }

  const mcp = makeMcpEndpoint({
    tools,
    deps: { fetch: deps.fetch, now: nowSeconds, deadlines: deps.deadlines },
    settings: async (env) => {
      const { config } = partsOf(env)
      const [first, ...older] = config.rootKeys
      const keyOf = (root: typeof first) => deriveSigningKey(root, 'session-id')
      return {
        sessionKeys: [await keyOf(first), ...(await Promise.all(older.map(keyOf)))],
        apiUrl: config.api.url,
      }
    },
    personOf,
  })

  const login = ({ env: { env, config, pingone, authorization } }: Page): LoginParts => ({
    config,
    pingone,
    product: names,
    nowSeconds,
    oauth: authorization.getOAuthApi(providerEnv(env)),
    openGrant: async (person, grant) => (await personOf(env, person)).openGrant(grant),
  })
  const toResource = ({ env: { env, ctx, resource } }: Page, request: Request) =>
    resource.fetch(request, env, ctx)
  const toAuthorization = ({ env: { env, ctx, authorization }, req }: Page) =>
    authorization.fetch(req.raw, providerEnv(env), ctx)

  const app = new Hono<{ Bindings: Call }>()
    .get('/', ({ env: { config } }) => showHome(config, names.name))
    .get('/assets/pages.css', () => staticAsset(styles, 'text/css'))
    .get('/assets/copy.js', () => staticAsset(copyScript, 'text/javascript'))
    .get('/health', (c) => c.json({ ok: true, runId: c.env.config.runId }))
    .get('/authorize', (c) => showConsent(c.req.raw, login(c)))
    .post('/authorize', (c) => decideConsent(c.req.raw, login(c)))
    .get('/callback', (c) => finishLogin(c.req.raw, login(c)))
    .all('/mcp', (c) => guardMcpRequest(c.req.raw, c.env.config) ?? toResource(c, c.req.raw))
    // RFC 9728 §3.1 puts the document under the resource's path; older clients look only at the root.
    .all(PROTECTED_RESOURCE, (c) => toResource(c, new Request(`${c.req.url}/mcp`, c.req.raw)))
    .all(`${PROTECTED_RESOURCE}/*`, (c) => toResource(c, c.req.raw))
    // The library's own: metadata of RFC 8414, /token, /register, revocation, and 404 for the rest.
    .all('*', toAuthorization)
    .onError((error, c) => answerAuthorizationError(c.env.config, error) ?? answerError(c.req.raw, error))

  return {
    worker: {
      async fetch(request, env, ctx) {
        const config = loadConfig(env)
        if (!config.ok) return answerBadSettings(request, config.error)
        const elsewhere = refuseOtherOrigins(request, config.value.publicOrigin)
        return elsewhere ?? app.fetch(request, { ...partsOf(env), env, ctx })
      },
    } satisfies ExportedHandler<Env>,
    Person: makePerson({
      config: (env) => partsOf(env).config,
      pingone: (env) => partsOf(env).pingone,
      nowMs: () => deps.nowMs(),
    }),
    McpSession: mcp.McpSession,
  }
}
