import { OAuthResourceServer } from '@cloudflare/workers-oauth-provider'
import { waitUntil } from 'cloudflare:workers'
import { cutoffOf, endCutOff } from '#authorization/clients/cut-off.ts'
import { activityTools } from '#activity/tools.ts'
import { askD1, AuditQuestions } from '#audit/read-questions.ts'
import { firstScopes } from '#authorization/scopes.ts'
import { checkBearer } from '#authorization/token/check-bearer.ts'
import { readOnly } from '#catalog/define-product.ts'
import type { Config } from '#config.ts'
import type { Fetch } from '#lib/bounded-fetch.ts'
import { oncePerEnv } from '#lib/once-per-env.ts'
import { deriveSigningKey, type SigningPurpose, signingPurposes } from '#lib/root-keys.ts'
import { makeMcpEndpoint, type McpEndpoint } from '#mcp/endpoint.ts'
import { makeWebhookSender } from '#lib/signed-webhook.ts'
import { type McpProduct, mcpProduct } from '#mcp/product.ts'
import { sessionObject } from '#mcp/session/session-object.ts'
import type { EntryAnswer } from '#users/calls/entry.ts'
import { openUserId } from '#users/base/user-id.ts'
import { makeUser } from '#users/user.ts'
import { wireAccess } from './access.ts'
import type { AuditWiring } from './audit.ts'
import type { WireCutoffs } from './cutoffs.ts'
import type { PresentedBearer } from '#principal.ts'
import type { Call, Isolate } from './isolate.ts'
import type { Policies } from './policy.ts'

/** A service binding ignores the host; the name only shows in traces. */
const BINDING_URL = new URL('https://api.internal')

type Keys = readonly [CryptoKey, ...CryptoKey[]]

export interface McpWiring {
  /** Checks the bearer and calls the handler of `/mcp`; also answers the metadata of RFC 9728. */
  answerByResource: (call: Call, request: Request) => Promise<Response>
  User: ReturnType<typeof makeUser>
  McpSession: McpEndpoint['McpSession']
}

/** `/mcp` behind the check of its bearer, and the two Durable Object classes. */
export function wireMcp(
  isolate: Isolate,
  audit: AuditWiring,
  cutoffsOf: WireCutoffs,
  policies: Policies,
): McpWiring {
  const { options, names, nowMs, nowSeconds, denialCounter, partsOf, requireUser } = isolate
  const { product, deps, extend } = options

  /** The API at its URL, or the Worker bound as `API`; config.ts requires one of them. */
  const connectionOf = ({ API }: Env, { api: { url } }: Config) => {
    const limits = { deadlineMs: deps.deadlines.apiMs, now: nowSeconds }
    if (url !== null) return { ...limits, fetch: deps.fetch, baseUrl: new URL(url) }
    if (API === undefined) throw new Error('settings: neither API_URL nor the binding API is set')
    const fetchBinding: Fetch = (input, init) => API.fetch(input, init)
    return { ...limits, fetch: fetchBinding, baseUrl: BINDING_URL }
  }

  /** The tools of the engine, behind those of the product. */
  const activityOf = (env: Env, { rootKeys }: Config) =>
    activityTools({
      questions: new AuditQuestions(askD1(env.RECORDS)),
      deadlineMs: deps.deadlines.storageMs,
      nameOf: async (user) => {
        const name = await openUserId(rootKeys, user)
        if (!name.ok) throw new Error('a user id that this server did not make reached a tool')
        return name.value
      },
      access: wireAccess(isolate, policies, env, () => productOf(env)),
    })

  const productOf = oncePerEnv((env: Env): McpProduct => {
    const { config } = partsOf(env)
    const catalog = product.open(connectionOf(env, config), env)
    const shown = config.isReadOnly ? readOnly(catalog, product.scopes) : catalog
    return mcpProduct(product, { ...shown, tools: [...shown.tools, ...activityOf(env, config)] })
  })

  const mcp = makeMcpEndpoint({
    productOf,
    extend,
    deps: { now: nowSeconds, deadlines: deps.deadlines },
    settings: async (env) => {
      const { rootKeys } = partsOf(env).config
      const [first, ...older] = rootKeys
      const keysFor = async (purpose: SigningPurpose): Promise<Keys> => [
        await deriveSigningKey(first, purpose),
        ...(await Promise.all(older.map((root) => deriveSigningKey(root, purpose)))),
      ]
      return {
        rootKeys,
        sessionKeys: await keysFor(signingPurposes.sessionId),
        requestStateKeys: () => keysFor(signingPurposes.requestState),
      }
    },
    userOf: requireUser,
    head: async (env, afterAnswer, isNewRead) => {
      const head = await policies.head(env, afterAnswer, isNewRead ? nowMs() : undefined)
      return head && { policy: head.policy, switches: head.switches }
    },
    // A stream may be all that this isolate serves, so its check waits for the list of cutoffs.
    isCutOff: async (env, { user, ...grant }) => {
      const renewals: Promise<unknown>[] = []
      const cutoffs = cutoffsOf(env, (renewal) => renewals.push(renewal))
      await (cutoffs.load() ?? Promise.all(renewals))
      const cutoff = cutoffOf(grant, cutoffs)
      if (cutoff !== null) await endCutOff(await requireUser(env, user), cutoff)
      return cutoff !== null
    },
  })

  /**
   * A grant whose client an operator cut off, and which the walk did not find, is ended here. A call that has begun has
   * sent nothing.
   */
  async function enter(request: Request, env: Env, bearer: PresentedBearer): Promise<EntryAnswer> {
    const cutoffs = cutoffsOf(env, waitUntil)
    const loading = cutoffs.load()
    const answer = await mcp.enter(request, env, bearer)
    if (loading !== null) await loading
    const { start } = answer
    const cutoff = answer.bearer === null ? null : cutoffOf(answer.bearer, cutoffs)
    if (cutoff === null) return answer
    const user = await requireUser(env, bearer.user)
    await endCutOff(user, cutoff)
    if (start?.verdict === 'go') waitUntil(user.endCall(start.call, 'refused', null))
    return { ...answer, bearer: null, ended: 'ended_by_operator', missing: [], stepUp: null, start: null }
  }

  const resourceOf = oncePerEnv((env: Env) => {
    const { config, failures } = partsOf(env)
    return new OAuthResourceServer<Env>({
      resourceMetadata: {
        resource: config.resource,
        authorization_servers: [config.publicOrigin],
        resource_name: names.name,
      },
      // Named, not required: mcp/edge/challenge-scopes.ts checks the scopes of a call.
      requiredScopes: firstScopes(config),
      validateToken: (requestEnv, request) => (audience, token) =>
        checkBearer(audience, token, {
          config,
          enter: (bearer) => enter(request, requestEnv, bearer),
          confirmGrant: () => failures.confirm(request),
          countDenial: denialCounter(requestEnv),
        }),
      handler: mcp.handler,
    })
  })

  const webhookOf = oncePerEnv((env: Env) => {
    const { webhook } = partsOf(env).config
    return webhook === null ? null : makeWebhookSender(webhook, { fetch: deps.fetch, nowMs })
  })

  return {
    answerByResource: async ({ env, ctx }: Call, request: Request) =>
      mcp.explain(request, await resourceOf(env).fetch(request, env, ctx)),
    User: makeUser({
      config: (env) => partsOf(env).config,
      pingone: (env) => partsOf(env).pingone,
      auditStore: audit.storeOf,
      policyOf: async (env, hash) => policies.policyOf(env, hash),
      webhook: webhookOf,
      nowMs,
      closeSession: (env, session) => sessionObject(env, session).endSession(),
      tellSession: (env, session, subscribed) => sessionObject(env, session).tellChanged(subscribed),
      stepOf: deps.stepOf,
    }),
    McpSession: mcp.McpSession,
  }
}
