import { OAuthResourceServer } from '@cloudflare/workers-oauth-provider'
import type { AccountDeps } from '#sign-in/deps.ts'
import { Admission } from '#authorization/clients/admission.ts'
import { checkBearer } from '#authorization/token/check-bearer.ts'
import type { Registrar } from '#authorization/clients/limit-registration.ts'
import type { LoginDeps } from '#authorization/login/deps.ts'
import {
  UNUSED_REGISTRATION_SECONDS,
  USED_REGISTRATION_SECONDS,
} from '#authorization/clients/register-client.ts'
import { firstScopes } from '#authorization/scopes.ts'
import { type Product, readOnly } from '#catalog/define-product.ts'
import { makeAuthorizationServer, type AuthorizationServer } from '#authorization/server.ts'
import type { TokenRun } from '#authorization/token/token-request.ts'
import { loadConfig, requireConfig, type Config } from './config.ts'
import type { Fetch } from '#lib/bounded-fetch.ts'
import { oncePerEnv } from '#lib/once-per-env.ts'
import { deriveSigningKey, type SigningPurpose, signingPurposes } from '#lib/root-keys.ts'
import type { PublicKey } from '#lib/signing-keys.ts'
import { DailyCeiling } from '#limits/daily-ceiling.ts'
import { Failures } from '#limits/failures.ts'
import { Registrations } from '#limits/registrations.ts'
import { makeMcpEndpoint } from '#mcp/endpoint.ts'
import type { Extension } from '#mcp/extension.ts'
import { namedSession, sessionObject } from '#mcp/session-object.ts'
import { makeUser, type UserObjectApi } from '#users/user.ts'
import { openUserId } from '#users/base/user-id.ts'
import { providerEnv } from '#oauth-store/provider-storage.ts'
import { GrantDraft, kvStorage, LoginStorage } from '#oauth-store/provider-storage.ts'
import { reachUser } from '#users/reach-user.ts'
import type { Step } from '#users/base/step.ts'
import { makePingOne, type PingOne } from '#pingone/client.ts'
import { mcpProduct } from '#mcp/product.ts'

/** The world, as far as this server touches it; tests give another one. */
export interface Deps {
  fetch: Fetch
  /** Milliseconds since 1970. */
  nowMs(): number
  deadlines: {
    pingoneMs: number
    apiMs: number
    toolMs: number
    /** For a user who is asked while a call waits; leaving it out is the usual (mcp/ask-in-session.ts). */
    answerMs?: number
    /** For a document that a client publishes. */
    documentMs: number
    /** For one message to Workers KV or to a User. */
    storageMs: number
  }
  /** Only for tests that end a User in the middle of what it does (users/base/step.ts). */
  stepOf?: (object: DurableObjectState) => Step
}

export interface ServerOptions {
  product: Product
  /** Only for the conformance entry: what no list can say (mcp/extension.ts). */
  extend?: Extension
  deps: Deps
}

/** What is made once per isolate from the settings. */
interface Parts {
  config: Config
  pingone: PingOne
  admission: Admission
  authorization: AuthorizationServer
  /** The same server for `/register` alone: what it writes lives an hour (server.ts says how it lives on). */
  registrar: AuthorizationServer
  resource: OAuthResourceServer<Env>
  failures: Failures
  registrations: Registrations
}

/** A service binding ignores the host; the name only shows in traces. */
const BINDING_URL = new URL('https://api.internal')

export const publishedKeys = ({ pingone: { clientAuth } }: Config): readonly PublicKey[] =>
  clientAuth.method === 'private_key_jwt' ? clientAuth.keys.published : []

/** One request, as the routes see it. */
export interface Call extends Parts {
  env: Env
  ctx: ExecutionContext
}

/** What the routes in compose.ts work with: made from the settings once per isolate, or for one request. */
export function makeWiring({ product, deps, extend }: ServerOptions) {
  const names = { name: product.title, api: product.apiName }
  const nowSeconds = () => Math.floor(deps.nowMs() / 1000)
  // Settings cannot change while an isolate lives, good or bad.
  const configOf = oncePerEnv((env: Env) => loadConfig(env, product))
  const partsOf = oncePerEnv((env: Env) => makeParts(requireConfig(env, product), env))

  const makeParts = (config: Config, { FAILURES, RECORDS }: Env): Parts => {
    const ceiling = new DailyCeiling(RECORDS, config.limits.registrationsPerDay, deps.deadlines.storageMs)
    const authorization = makeAuthorizationServer(config, nowSeconds, USED_REGISTRATION_SECONDS)
    return {
      config,
      admission: new Admission(config.admission, config),
      authorization,
      registrar: makeAuthorizationServer(config, nowSeconds, UNUSED_REGISTRATION_SECONDS),
      failures: new Failures(FAILURES, () => deps.nowMs()),
      registrations: new Registrations(ceiling, () => deps.nowMs()),
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
        // Named, not required: the checks of a call's scopes are ours (mcp/challenge-scopes.ts).
        requiredScopes: firstScopes(config),
        validateToken: (env, request) => (_resource, token) => {
          const userApiOf = (user: string) => toUser(env, user)
          const confirmGrant = () => partsOf(env).failures.confirm(request)
          return checkBearer(token, { config, userApiOf, session: namedSession(request), confirmGrant })
        },
        handler: mcp.handler,
      }),
    }
  }

  const { pingoneMs, toolMs, documentMs, storageMs } = deps.deadlines
  // To begin a call: behind the same call that is running, or for a token of PingOne's, which takes up to three requests.
  const callMs = storageMs + toolMs + 3 * pingoneMs
  const toUser = (env: Env, name: string) => reachUser(env, name, { userMs: storageMs, callMs })
  const toKv = (env: Env) => kvStorage(env.OAUTH_KV, storageMs)

  const userOf = async (env: Env, id: string): Promise<UserObjectApi> => {
    const name = await openUserId(partsOf(env).config.rootKeys, id)
    if (!name.ok) throw new Error('a user id that this server did not make reached an object')
    return toUser(env, name.value)
  }

  /** The API at its URL, or the Worker that is bound as `API`; config.ts requires one of them. */
  const connectionOf = ({ API }: Env, { api: { url } }: Config) => {
    const limits = { deadlineMs: deps.deadlines.apiMs, now: nowSeconds }
    if (url !== null) return { ...limits, fetch: deps.fetch, baseUrl: new URL(url) }
    if (API === undefined) throw new Error('settings: neither API_URL nor the binding API is there')
    const fetchBinding: Fetch = (input, init) => API.fetch(input, init)
    return { ...limits, fetch: fetchBinding, baseUrl: BINDING_URL }
  }

  const mcp = makeMcpEndpoint({
    productOf: oncePerEnv((env: Env) => {
      const { config } = partsOf(env)
      const catalog = product.open(connectionOf(env, config), env)
      return mcpProduct(product, config.isReadOnly ? readOnly(catalog, product.scopes) : catalog)
    }),
    extend,
    deps: { fetch: deps.fetch, now: nowSeconds, deadlines: deps.deadlines },
    settings: async (env) => {
      const { config } = partsOf(env)
      const [first, ...older] = config.rootKeys
      type Keys = readonly [CryptoKey, ...CryptoKey[]]
      const keysFor = async (purpose: SigningPurpose): Promise<Keys> => [
        await deriveSigningKey(first, purpose),
        ...(await Promise.all(older.map((root) => deriveSigningKey(root, purpose)))),
      ]
      return {
        sessionKeys: await keysFor(signingPurposes.sessionId),
        requestStateKeys: () => keysFor(signingPurposes.requestState),
      }
    },
    userOf,
  })

  /** What the login journey works with. */
  const login = ({ env, ctx, config, pingone, authorization, admission }: Call): LoginDeps => {
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
      afterAnswer: (work) => ctx.waitUntil(work),
      openGrant: async (user, grant) => (await userOf(env, user)).openGrant(grant),
      newDraft: (user) => {
        const draft = new GrantDraft(storage, user, new Map(), nowSeconds)
        return { draft, oauth: authorization.getOAuthApi(providerEnv(env, draft)) }
      },
    }
  }
  /** What a user's own pages work with. */
  const account = ({ env, ctx, config, pingone, admission, failures }: Call): AccountDeps => ({
    config,
    pingone,
    admission,
    product: names,
    nowSeconds,
    noteFailure: (request) => failures.note(request),
    afterAnswer: (work) => ctx.waitUntil(work),
    userOf: async (id) => {
      const name = await openUserId(config.rootKeys, id)
      return name.ok ? toUser(env, name.value) : null
    },
  })
  /** What POST /token works with. */
  const tokenRun = ({ env, ctx, authorization, config, failures }: Call): TokenRun => ({
    run: (request, storage) => authorization.fetch(request, providerEnv(env, storage), ctx),
    storage: toKv(env),
    userApiOf: async (user) => {
      const name = await openUserId(config.rootKeys, user)
      return name.ok ? toUser(env, name.value) : null
    },
    nowSeconds,
    confirmGrant: (request) => failures.confirm(request),
    noteFailure: (request) => failures.note(request),
    mostGrants: config.life.grantsPerUser,
  })
  const toResource = ({ env, ctx, resource }: Call, request: Request) => resource.fetch(request, env, ctx)
  const toAuthorization = ({ env, ctx, authorization }: Call, request: Request) =>
    authorization.fetch(request, providerEnv(env, toKv(env)), ctx)
  /** The dependencies of POST /register. */
  const registrar = ({ env, ctx, registrar: server }: Call): Registrar => ({
    run: (request, storage) => server.fetch(request, providerEnv(env, storage), ctx),
    storage: toKv(env),
  })

  return {
    configOf,
    partsOf,
    login,
    account,
    tokenRun,
    toResource,
    toAuthorization,
    registrar,
    User: makeUser({
      config: (env) => partsOf(env).config,
      pingone: (env) => partsOf(env).pingone,
      nowMs: () => deps.nowMs(),
      closeSession: (env, session) => sessionObject(env, session).endSession(),
      tellSession: (env, session, subscribed) => sessionObject(env, session).tellChanged(subscribed),
      stepOf: deps.stepOf,
    }),
    McpSession: mcp.McpSession,
  }
}
