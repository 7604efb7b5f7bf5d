import type { OAuthResourceContext } from '@cloudflare/workers-oauth-provider'
import type { RootKey } from '#lib/root-keys.ts'
import type { PolicyHead } from '#policy/switches.ts'
import type { Principal } from '#principal.ts'
import type { CallApi } from '#users/calls/calls.ts'
import type { Entry, EntryAnswer } from '#users/calls/entry.ts'
import type { GrantApi } from '#users/grants/grant-service.ts'
import type { SubscriptionApi } from '#users/sessions/subscriptions.ts'
import type { Caller, EnteredCall } from './calls/caller.ts'
import type { StreamToken } from './edge/answer-pass.ts'
import type { Arrival } from './edge/arrival.ts'
import type { RequestLine } from './edge/request-log.ts'
import type { Subjects } from './edge/subject.ts'
import type { Extension, McpProduct } from './product.ts'
import type { StateKeys } from './stateless/request-state.ts'

/** What composition gives to this room: the product's lists, the world, and how to find things in an env. */
export interface McpEndpointDeps {
  /** What of the product exists under the settings. */
  productOf: (env: Env) => McpProduct
  extend?: Extension | undefined
  deps: {
    /** Seconds since 1970. */
    now: () => number
    deadlines: {
      /** For a whole tool call. Under 30 s: so long the platform lets work go on when the client is gone. */
      toolMs: number
      /** For one request to the API; shorter than `toolMs`. */
      apiMs: number
      /** For a user who is asked on the session transport (ask-in-session.ts). */
      answerMs?: number
      /** How often an open stream asks whether its access token is alive (edge/answer-pass.ts). */
      streamCheckMs?: number
    }
  }
  /** Called once for each request in the Worker, and once for each tool call in a session's object. */
  settings: (env: Env) => McpSettings | Promise<McpSettings>
  /**
   * The policy in force and the switches; null: none is young enough. `afterAnswer` keeps a refresh in the background alive.
   * `isNewRead`: it is read now, because no effect follows a decision that is older than a question (invariant 18).
   */
  head: (
    env: Env,
    afterAnswer: (work: Promise<unknown>) => void,
    isNewRead: boolean,
  ) => Promise<PolicyHead | null>
  /** The object of the user whom a bearer stands for. */
  userOf: (env: Env, user: string) => UserApi | Promise<UserApi>
  /** Whether an operator has cut off the client of this grant, whose stream is open. Absent: nobody can. */
  isCutOff?: (env: Env, grant: StreamGrant) => Promise<boolean>
}

/** The grant under which a stream was opened. */
export interface StreamGrant {
  user: string
  client: string
  openedAtSeconds: number
}

/** The RPCs of a user's object that this room uses: two for each tool call, two for the life of a session. */
export interface UserApi extends CallApi, SubscriptionApi, Pick<GrantApi, 'hasToken'> {
  enter(entry: Entry): Promise<EntryAnswer>
  openSession(session: string, grant: string, client: string, origin: SessionOrigin): Promise<void>
  closeSession(session: string): Promise<void>
}

/** What the audit log keeps of a session. `session`: a short hash of its id. */
export interface SessionOrigin {
  session: string
  network: string
  agent: string
}

export interface McpSettings {
  /** Encrypt calls on their way to a session's object. */
  rootKeys: readonly [RootKey, ...RootKey[]]
  /** HMAC keys for session ids: the first signs, each verifies. */
  sessionKeys: StateKeys
  /** The same for what a client of the stateless transport carries from one message to the next. */
  requestStateKeys: () => Promise<StateKeys>
}

/** A request that has entered, as a transport is given it. */
export interface ServedCall {
  request: Request
  env: Env
  ctx: OAuthResourceContext<unknown>
  principal: Principal
  arrival: Arrival
  answer: EntryAnswer
  /** The call that has begun; undefined: the message asks for none. */
  begun: EnteredCall | undefined
  /** Called when a transport has the message, or may have it. */
  onTaken: () => void
  /** Ends a stream with the access token of this request. */
  token: StreamToken
  /** null: the message is no call or read. */
  line: RequestLine | null
}

type GivenByTransport = Omit<
  Caller,
  'userApi' | 'product' | 'deadlineMs' | 'lastStartMs' | 'consent' | 'policies'
> & { subjects: Pick<Subjects, 'of'> }

/** What a tool call of one user needs, in the Worker or in a session's object. */
export async function makeCaller(
  { deps, productOf, userOf, head }: McpEndpointDeps,
  env: Env,
  user: string,
  { subjects, ...given }: GivenByTransport,
): Promise<Caller> {
  return {
    ...given,
    product: productOf(env),
    userApi: await userOf(env, user),
    policies: {
      of: subjects.of,
      head: (isNewRead) => head(env, (work) => given.waitUntil(work), isNewRead),
    },
    deadlineMs: deps.deadlines.toolMs,
    lastStartMs: deps.deadlines.apiMs,
  }
}
