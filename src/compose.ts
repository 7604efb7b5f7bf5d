import { OAuthResourceServer } from '@cloudflare/workers-oauth-provider'
import { Hono, type Context } from 'hono'
import { Admission } from './authorization/admission.ts'
import { admitTokenRequest } from './authorization/admit-token-request.ts'
import { answerAuthorizationError } from './authorization/answer-authorization-error.tsx'
import { checkBearer } from './authorization/check-bearer.ts'
import { decideConsent } from './authorization/decide-consent.tsx'
import { finishLogin } from './authorization/finish-login.tsx'
import { orUnavailable } from './authorization/or-unavailable.ts'
import type { LoginParts, ProductNames } from './authorization/parts.ts'
import { refuseStranger } from './authorization/refuse-stranger.tsx'
import {
  registerClient,
  UNUSED_REGISTRATION_SECONDS,
  USED_REGISTRATION_SECONDS,
} from './authorization/register-client.ts'
import { READ } from './authorization/scopes.ts'
import { makeAuthorizationServer, type AuthorizationServer } from './authorization/server.ts'
import { showConsent } from './authorization/show-consent.tsx'
import { answerTokenRequest, type TokenRun } from './authorization/token-request.ts'
import { tokenOwner } from './authorization/token-owner.ts'
import { loadConfig, requireConfig, settingsWithoutEffect, type Config } from './config.ts'
import { refuseOtherMethods } from './http/method-guard.ts'
import { refuseOtherOrigins } from './http/origin-guard.ts'
import { staticAsset } from './http/static-asset.ts'
import type { Fetch } from './lib/bounded-fetch.ts'
import { log } from './lib/log.ts'
import { oncePerEnv } from './lib/once-per-env.ts'
import { deriveSigningKey } from './lib/root-keys.ts'
import { makeMcpEndpoint } from './mcp/endpoint.ts'
import { guardMcpRequest } from './mcp/guard-request.ts'
import { namedSession, sessionObject } from './mcp/session-object.ts'
import { answerError } from './pages/answer-error.tsx'
import { answerNotFound } from './pages/answer-not-found.tsx'
import { answerBadSettings } from './pages/answer-settings.tsx'
import { copyScript } from './pages/copy-script.ts'
import { showHome } from './pages/show-home.tsx'
import { styles } from './pages/styles.ts'
import { makePerson } from './people/person.ts'
import { openPersonId } from './people/person-id.ts'
import { providerEnv } from './people/provider-env.ts'
import { GrantDraft, kvStorage, LoginStorage } from './people/provider-storage.ts'
import { reachPerson, type ReachedPerson } from './people/reach-person.ts'
import type { Step } from './people/step.ts'
import { makePingOne, type PingOne } from './pingone/client.ts'
import type { AnyTool } from './tools/define-tool.ts'

/** The world, as far as this server touches it; tests give another one. */
export interface Deps {
  fetch: Fetch
  /** Milliseconds since 1970. */
  nowMs(): number
  deadlines: {
    pingoneMs: number
    apiMs: number
    toolMs: number
    /** For a document that a client publishes. */
    documentMs: number
    /** For one message to Workers KV or to a Person. */
    storageMs: number
  }
  /** Only for tests that end a Person in the middle of what it does (people/step.ts). */
  stepOf?: (object: DurableObjectState) => Step
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
  admission: Admission
  authorization: AuthorizationServer
  /** The same server for `/register` alone: what it writes lives an hour (server.ts says how it lives on). */
  registrar: AuthorizationServer
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
  // Settings cannot change while an isolate lives, good or bad.
  const configOf = oncePerEnv((env: Env) => loadConfig(env))
  const partsOf = oncePerEnv((env: Env) => makeParts(requireConfig(env)))

  const reportSettings = oncePerEnv((env: Env) => {
    const names = settingsWithoutEffect(env)
    if (names.length > 0) log.warn('settings.without-effect', { names })
  })

  const makeParts = (config: Config): Parts => {
    const authorization = makeAuthorizationServer(config, nowSeconds, USED_REGISTRATION_SECONDS)
    return {
      config,
      admission: new Admission(config.admission, config),
      authorization,
      registrar: makeAuthorizationServer(config, nowSeconds, UNUSED_REGISTRATION_SECONDS),
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
        validateToken: (env, request) => async (_resource, token) => {
          // Decision 15: a bearer that we did not make is refused before any storage or object is asked.
          const person = await tokenOwner(config.rootKeys, token)
          return person === null ? null : checkBearer(toPerson(env, person), token, namedSession(request))
        },
        handler: mcp.handler,
      }),
    }
  }

  const { pingoneMs, toolMs, documentMs, storageMs } = deps.deadlines
  // To begin a call: behind the same call that is running, or for a token of PingOne's, which takes up to three requests.
  const callMs = storageMs + toolMs + 3 * pingoneMs
  const toPerson = (env: Env, name: string) => reachPerson(env, name, { personMs: storageMs, callMs })
  const toKv = (env: Env) => kvStorage(env.OAUTH_KV, storageMs)

  const personOf = async (env: Env, id: string): Promise<ReachedPerson> => {
    const name = await openPersonId(partsOf(env).config.rootKeys, id)
    if (name === null) throw new Error('a person id that this server did not make reached an object')
    return toPerson(env, name)
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

  const login = ({ env: { env, config, pingone, authorization, admission } }: Page): LoginParts => {
    const storage = new LoginStorage(toKv(env))
    return {
      config,
      pingone,
      admission,
      fetch: deps.fetch,
      documentMs,
      product: names,
      nowSeconds,
      oauth: authorization.getOAuthApi(providerEnv(env, storage)),
      settle: () => storage.settle(),
      openGrant: async (person, grant) => (await personOf(env, person)).openGrant(grant),
      newDraft: (person) => {
        const draft = new GrantDraft(storage, person, new Map(), nowSeconds)
        return { draft, oauth: authorization.getOAuthApi(providerEnv(env, draft)) }
      },
    }
  }
  const tokenRun = ({ env: { env, ctx, authorization, config } }: Page): TokenRun => ({
    run: (request, storage) => authorization.fetch(request, providerEnv(env, storage), ctx),
    storage: toKv(env),
    keeperOf: async (person) => {
      const name = await openPersonId(config.rootKeys, person)
      return name === null ? null : toPerson(env, name)
    },
    nowSeconds,
  })
  const toResource = ({ env: { env, ctx, resource } }: Page, request: Request) =>
    resource.fetch(request, env, ctx)
  const toAuthorization = ({ env: { env, ctx, authorization } }: Page, request: Request) =>
    authorization.fetch(request, providerEnv(env, toKv(env)), ctx)
  const toRegistrar = ({ env: { env, ctx, registrar } }: Page, request: Request) =>
    registrar.fetch(request, providerEnv(env, toKv(env)), ctx)

  const app = new Hono<{ Bindings: Call }>()
    .get('/', ({ env: { config } }) => showHome(config, names.name))
    .get('/assets/pages.css', () => staticAsset(styles, 'text/css'))
    .get('/assets/copy.js', () => staticAsset(copyScript, 'text/javascript'))
    .get('/health', (c) => c.json({ ok: true, runId: c.env.config.runId }))
    // Who may ask is decided before the library sees a request, here and at /token and /register (decision 16).
    .get(
      '/authorize',
      async (c) => (await refuseStranger(c.req.raw, login(c))) ?? showConsent(c.req.raw, login(c)),
    )
    .post('/authorize', (c) => decideConsent(c.req.raw, login(c)))
    .get('/callback', (c) => finishLogin(c.req.raw, login(c)))
    .post('/token', (c) =>
      orUnavailable(c.req.raw, async () => {
        const admitted = await admitTokenRequest(c.req.raw, login(c))
        return admitted.ok ? answerTokenRequest(admitted.value, tokenRun(c)) : admitted.error
      }),
    )
    .post('/register', (c) =>
      registerClient(c.req.raw, c.env.admission, (request) => toRegistrar(c, request)),
    )
    .all('/mcp', (c) => guardMcpRequest(c.req.raw, c.env.config) ?? toResource(c, c.req.raw))
    // RFC 9728 §3.1 puts the document under the resource's path; older clients look only at the root.
    .all(PROTECTED_RESOURCE, (c) =>
      toResource(c, new Request(new URL(`${PROTECTED_RESOURCE}/mcp`, c.req.url), c.req.raw)),
    )
    .all(`${PROTECTED_RESOURCE}/*`, (c) => toResource(c, c.req.raw))
    // The library's own: metadata of RFC 8414, other methods of /token and /register, and 404 for the rest.
    .all('*', async (c) => answerNotFound(c.req.raw, await toAuthorization(c, c.req.raw)))
    .onError((error, c) => answerAuthorizationError(c.env.config, error) ?? answerError(c.req.raw, error))

  return {
    worker: {
      async fetch(request, env, ctx) {
        const config = configOf(env)
        if (!config.ok) return answerBadSettings(request, config.error)
        reportSettings(env)
        const refusal = refuseOtherOrigins(request, config.value.publicOrigin) ?? refuseOtherMethods(request)
        return refusal ?? app.fetch(request, { ...partsOf(env), env, ctx })
      },
    } satisfies ExportedHandler<Env>,
    Person: makePerson({
      config: (env) => partsOf(env).config,
      pingone: (env) => partsOf(env).pingone,
      nowMs: () => deps.nowMs(),
      closeSession: (env, session) => sessionObject(env, session).endSession(),
      stepOf: deps.stepOf,
    }),
    McpSession: mcp.McpSession,
  }
}
