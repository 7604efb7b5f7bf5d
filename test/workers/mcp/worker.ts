import { OAuthResourceServer } from '@cloudflare/workers-oauth-provider'
import { DurableObject } from 'cloudflare:workers'
import { guardMcpRequest } from '#mcp/edge/guard-request.ts'
import { makeMcpEndpoint } from '#mcp/endpoint.ts'
import type { EndFacts } from '#events/call-facts.ts'
import type { SessionOrigin, UserApi } from '#mcp/deps.ts'
import { mcpProduct } from '#mcp/product.ts'
import { logRequest } from '#mcp/edge/request-log.ts'
import { sessionObject } from '#mcp/session/session-object.ts'
import {
  type CallIntent,
  type CallOutcome,
  type CallStart,
  type ReadEnd,
  type RefusedToken,
} from '#users/calls/calls.ts'
import type { LaterCall } from '#users/calls/calls.ts'
import type { Entry, EntryAnswer } from '#users/calls/entry.ts'
import { EntryService } from '#users/calls/entry-service.ts'
import { PolicyDecisionService } from '#users/calls/policy-decisions.ts'
import { Grant } from '#users/grants/grant.ts'
import type { BearerAnswer } from '#users/grants/grant-service.ts'
import type { Switch } from '#policy/switches.ts'
import type { StepUpNeed, StepUpDenial } from '#users/requests/step-ups.ts'
import { type SubscriptionOutcome, SubscriptionTable } from '#users/sessions/subscriptions.ts'
import { refuseUnstarted } from '#authorization/token/check-bearer.ts'
import { readRootKeys } from '#lib/root-keys.ts'
import { todos } from '#todos/index.ts'
import { head, policyOf } from '../policies.ts'
import { downstreamToken } from './todo-api.ts'

export { TodoApi } from './todo-api.ts'

export const ORIGIN = 'https://mcp.example.test'

/** Keeps calls and sessions as rows that a test can read; what it answers depends on the name of the grant. */
export class User extends DurableObject<Env> implements UserApi {
  readonly #subscriptions = new SubscriptionTable(this.ctx.storage.kv)

  readonly #policies = new PolicyDecisionService({
    nowMs: () => Date.now(),
    userName: () => this.ctx.id.name ?? '',
    policyOf,
    policyUserOf: async () => ({
      user: { id: this.ctx.id.name ?? '', groups: [], claims: {}, acr: '' },
      authAgeSeconds: 60,
    }),
  })

  /** The checks of a User in their order; a bearer is `r` or `rw` and its client, and each is good. */
  #entriesOf(client: string, answer: BearerAnswer | null): EntryService {
    const { kv } = this.ctx.storage
    return new EntryService({
      nowSeconds: () => 0,
      config: () => ({ operators: null }),
      grants: { read: (grant) => grantOf(grant, client), readLive: (grant) => grantOf(grant, client) },
      bearers: {
        bearer: () => {
          if (answer === null) throw new Error('a later call presents no bearer')
          return answer
        },
      },
      stepUps: { open: async (need) => this.openStepUp(need).catch(() => null) },
      calls: { begin: async (intent) => this.begin(intent) },
      denials: {
        ofBearer: () => {},
        ofCall: async (reason, _grant, call, decision) => {
          kv.put(`denied-${crypto.randomUUID()}`, { reason, ...call, decision })
        },
      },
      policies: this.#policies,
    })
  }

  async enter(entry: Entry): Promise<EntryAnswer> {
    const [, secret, client = ''] = /^(r|rw)\.(\S+)$/.exec(entry.token) ?? []
    const scopes = secret === 'rw' ? ['todo:read', 'todo:write'] : ['todo:read']
    const bearer = { client, scopes, audience: `${ORIGIN}/mcp`, expiresAtSeconds: 1, openedAtSeconds: 0 }
    const session = await this.sessionState(entry.session, client)
    const none = { ended: null, isRefused: false, waitSeconds: 0 }
    return this.#entriesOf(client, { ...none, bearer, isKnown: true, session }).enter(entry)
  }

  /** Has one link for each grant, and knows which tools were refused. */
  async openStepUp({ grant, tool }: StepUpNeed): Promise<StepUpDenial | null> {
    if (grant === 'unlinked') return null
    if (grant === 'unlinkable') throw new Error('it does not answer')
    const isAskedAgain = this.ctx.storage.kv.get(`refused-${grant}-${tool}`) === true
    this.ctx.storage.kv.put(`refused-${grant}-${tool}`, true)
    if (grant === 'denied' || grant === 'narrowed') return { state: grant, isAskedAgain }
    return { state: 'open', id: 'a'.repeat(32), isAskedAgain }
  }

  async hasToken(grant: string, token: string, switches: Switch[]): Promise<boolean> {
    const [, client = ''] = token.split('.')
    if (this.#policies.isSwitchedOff(grantOf(grant, client), switches)) return false
    return this.ctx.storage.kv.get(`revoked-${token}`) !== true
  }

  async revokeToken(token: string): Promise<void> {
    this.ctx.storage.kv.put(`revoked-${token}`, true)
  }

  async beginCall(call: LaterCall): Promise<CallStart> {
    return this.#entriesOf(call.client, null).enterLater(call)
  }

  async begin(intent: CallIntent): Promise<CallStart> {
    if (intent.grant === 'ended') return { verdict: 'ended' }
    if (intent.grant === 'misfit') return { verdict: 'unavailable', retryAfterSeconds: 300, isLasting: true }
    if (intent.grant === 'down') return { verdict: 'unavailable', retryAfterSeconds: 7 }
    const call = `call-${intent.transaction}`
    if (intent.answer !== undefined) {
      // Knows for ever which answers were used.
      const used = `confirmation-${intent.answer.nonce}`
      const isUsed = (this.ctx.storage.kv.get(used) ?? call) !== call
      if (isUsed || intent.answer.client !== intent.client) return { verdict: 'bad_answer' }
      this.ctx.storage.kv.put(used, call)
      if (intent.answer.isDeclined) return { verdict: 'declined' }
    }
    this.ctx.storage.kv.put(call, { ...intent, outcome: null })
    const user = { name: 'Ada Lovelace' }
    return { verdict: 'go', call, downstreamToken: downstreamToken(intent.grant), user }
  }

  async renewToken({ grant, transaction }: RefusedToken): Promise<CallStart> {
    if (grant === 'stale_dead') return { verdict: 'ended' }
    if (grant === 'stale_down') return { verdict: 'unavailable', retryAfterSeconds: 9 }
    const user = { name: 'Ada Lovelace' }
    const token = downstreamToken(grant === 'stale' ? 'newer' : grant)
    return { verdict: 'go', call: `call-${transaction}`, downstreamToken: token, user }
  }

  async endCall(call: string, outcome: CallOutcome, _result: string | null, end?: EndFacts): Promise<void> {
    const row = this.ctx.storage.kv.get(call)
    if (typeof row === 'object') this.ctx.storage.kv.put(call, { ...row, outcome, end })
    await this.tellAll()
  }

  async endReads(ends: ReadEnd[]): Promise<void> {
    for (const { call, outcome, facts } of ends) await this.endCall(call, outcome, null, facts)
  }

  /** Tells every session, after any call; when a User really does is a test of its own (calls). */
  async tellAll(): Promise<void> {
    for (const session of this.#subscriptions.sessions()) {
      const subscribed = this.#subscriptions.read(session)
      if (subscribed !== null) await sessionObject(this.env, session).tellChanged(subscribed)
    }
  }

  async subscribe(session: string, grant: string, uri: string): Promise<SubscriptionOutcome> {
    if (grant === 'down') throw new Error('it does not answer')
    if (grant === 'ended' || grant === 'closed') return grant
    return this.#subscriptions.add(session, grant, uri)
  }

  async unsubscribe(session: string, grant: string, uri: string): Promise<void> {
    this.#subscriptions.remove(session, grant, uri)
  }

  async openSession(session: string, grant: string, client: string, origin: SessionOrigin): Promise<void> {
    if (grant === 'unopenable') throw new Error('no session is opened for this grant')
    this.ctx.storage.kv.put(`session-${session}`, client)
    this.ctx.storage.kv.put(`origin-${session}`, origin)
  }

  async closeSession(session: string): Promise<void> {
    if (this.ctx.storage.kv.get(`session-${session}`) === 'unclosable') throw new Error('it stays')
    this.ctx.storage.kv.delete(`session-${session}`)
    await sessionObject(this.env, session).endSession()
  }

  async sessionState(session: string | null, client: string): Promise<EntryAnswer['session']> {
    if (session === null) return 'none'
    return this.ctx.storage.kv.get(`session-${session}`) === client ? 'open' : 'closed'
  }
}

const grantOf = (id: string, client: string): Grant =>
  Grant.parse({
    id,
    client,
    userName: null,
    openedAtSeconds: 0,
    downstreamScopes: [],
    tenant: { issuer: '', clientId: '', audience: '', environment: null },
    encrypted: '',
    downstreamEndsAtSeconds: 0,
    usedAtSeconds: 0,
    ended: null,
  })

const sessionKeys = (async (): Promise<readonly [CryptoKey]> => [
  await crypto.subtle.importKey('raw', new Uint8Array(32), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ]),
])()

const keys = readRootKeys(`k1:${'A'.repeat(43)}`, undefined)
if (!keys.ok) throw new Error(keys.error)
const rootKeys = keys.value

const product = makeMcpEndpoint({
  productOf: ({ API }) => {
    const connection = {
      fetch: (input: RequestInfo | URL, init?: RequestInit) => API.fetch(input, init),
      baseUrl: new URL('https://api.internal'),
      deadlineMs: 4_000,
      now: () => Math.floor(Date.now() / 1000),
    }
    return mcpProduct(todos, todos.open(connection, {}))
  },
  deps: {
    now: () => Math.floor(Date.now() / 1000),
    // Short enough to be waited for, and so long that a busy machine does not meet them.
    deadlines: { toolMs: 8_000, apiMs: 4_000, answerMs: 2_500, streamCheckMs: 200 },
  },
  settings: async () => ({
    rootKeys,
    sessionKeys: await sessionKeys,
    requestStateKeys: () => sessionKeys,
  }),
  userOf: (env, user) => env.USER.getByName(user),
  head,
})

export class McpSession extends product.McpSession {
  #isSilent = false

  /** From now on the Worker gets no answer to a message that this object has taken. */
  async beSilent(): Promise<void> {
    this.#isSilent = true
  }

  /** The headers of each request to a session's object, as the platform would show them to a tail Worker. */
  static readonly headers: string[] = []

  override async fetch(request: Request): Promise<Response> {
    McpSession.headers.push(JSON.stringify([...request.headers]))
    const answer = await super.fetch(request)
    return this.#isSilent ? new Promise<Response>(() => {}) : answer
  }

  /** As the platform ends an object when it fails: who waits for it gets an error or a closed connection. */
  async die(): Promise<void> {
    this.ctx.abort('died in a test')
  }
}

/** A bearer is `user:grant:scopes.client`; scopes are `r` or `rw`. */
const resourceServer = new OAuthResourceServer<Env>({
  resourceMetadata: { resource: `${ORIGIN}/mcp`, authorization_servers: [ORIGIN] },
  requiredScopes: ['todo:read'],
  validateToken: (env, request) => async (audience, bearer) => {
    const [, user, grant, token = '', clientId] = /^(\w+):(\w+):((?:r|rw)\.(\S+))$/.exec(bearer) ?? []
    if (user === undefined || grant === undefined || clientId === undefined) return null
    const { bearer: known, start } = await product.enter(request, env, { user, grant, token, audience })
    refuseUnstarted(start)
    const expiresAt = Math.floor(Date.now() / 1000) + (grant === 'short' ? 2 : 600)
    return {
      props: { secretOfTheLibrary: true },
      audience,
      expiresAt,
      scope: known?.scopes ?? [],
      userId: user,
      clientId,
    }
  },
  handler: product.handler,
})

export default {
  async fetch(request, env, ctx) {
    const origins = { publicOrigin: ORIGIN, allowedOrigins: ['https://inspector.example.test'] }
    return logRequest(
      request,
      () => Date.now(),
      async () =>
        guardMcpRequest(request, origins) ??
        product.explain(request, await resourceServer.fetch(request, env, ctx)),
    )
  },
} satisfies ExportedHandler<Env>
