import { z } from 'zod'
import type { CallFacts, EndFacts } from '#events/call-facts.ts'
import type { AuditDecision } from '#events/event.ts'
import { canonicalDigest } from '#lib/hash.ts'
import { PolicyDenial } from '#policy/policy.ts'
import type { CelValue, PolicyRequest, Subject } from '#policy/question.ts'
import type { PolicyHead } from '#policy/switches.ts'

/** A tool call before it runs. It is stored before any effect (decision 17). */
export interface CallIntent {
  grant: string
  client: string
  transport: 'stateless' | 'session'
  tool: string
  effect: 'read' | 'write'
  /** `describe`: only looks, to find out what the user must agree to. It is on record as a read and uses no key up. */
  step: 'describe' | 'act'
  /** SHA-256 of the bearer, where the call begins after its request has entered: it may be over by then. */
  token?: string
  /** The user's answer to a question, which this call uses up. */
  answer?: UserAnswer
  /** Our id of this call, sent to the API, to PingOne and in the result. */
  transaction: string
  /** SHA-256 of the canonical arguments. It is stored as an HMAC (call-service.ts): equality shows, content does not. */
  argumentsDigest: string
  /** The idempotency key of a write; null: every message is a call of its own. */
  key: CallKey | null
  /** The client's trace (W3C traceparent), stored as the client's claim. */
  clientTrace?: string
  /** What the audit log keeps of the call. */
  facts?: CallFacts
  /** What policy decided, for the audit log. */
  decision?: AuditDecision | undefined
}

/** A hash over client, tool and the client's key. The object that stores it binds it to the user. */
interface CallKey {
  hash: string
}

/** `given` is the client's own key. A key counts for one client and one tool. */
export const keyOf = async (client: string, tool: string, given: string): Promise<CallKey> => ({
  hash: await canonicalDigest(['client', client, tool, given]),
})

/** What a client brings of a user's answer to a question. */
export interface UserAnswer {
  /** The client that asked. */
  client: string
  nonce: string
  endsAtSeconds: number
  isDeclined: boolean
}

/** A call as the edge knows it, before the bearer says which client makes it. */
export interface RequestedCall extends Omit<CallIntent, 'grant' | 'client' | 'key'> {
  /** The client's own idempotency key. */
  key: string | null
}

/** What policy is asked about a request. */
export interface PolicyAsk {
  /** null: the request names nothing that this server has. */
  subject: Subject | null
  /** Everything in the list that the request asks for, in its order; null: it asks for none. */
  list: Subject[] | null
  /** The arguments of the subject; null: there is no subject. */
  args: Record<string, CelValue> | null
  transport: Exclude<PolicyRequest['transport'], 'login'>
  network: string
}

/** A call that begins after its request has entered: it is decided anew (decision 17). */
export interface LaterCall extends CallIntent {
  policy: PolicyHead | null
  ask: PolicyAsk
}

/** From a Worker or a session of a release without policy (entry.ts). */
export type EarlierCall = CallIntent & { policy?: never; ask?: never }

/** A running call whose downstream token the API refused. */
export interface RefusedToken {
  grant: string
  client: string
  transaction: string
  /** Thumbprint of the refused token. */
  refused: string
}

/**
 * The answer to `beginCall`. RPC carries plain values, so the token is a string; the caller wraps it in a Secret.
 * Nothing runs for the verdicts below `unavailable`; the first four of them name an earlier call with the same key.
 */
export const CallStart = z.discriminatedUnion('verdict', [
  z.object({
    verdict: z.literal('go'),
    call: z.string(),
    downstreamToken: z.string(),
    user: z.object({ name: z.string().nullable() }),
  }),
  z.object({ verdict: z.literal('ended') }),
  z.object({
    verdict: z.literal('unavailable'),
    retryAfterSeconds: z.number().int(),
    /** The cause does not pass by itself: an operator has to act. */
    isLasting: z.boolean().optional(),
  }),
  /** The write was done. null: its result is no longer stored, or was too large. */
  z.object({ verdict: z.literal('repeat'), call: z.string(), result: z.string().nullable() }),
  z.object({ verdict: z.literal('running'), call: z.string() }),
  z.object({ verdict: z.literal('unknown'), call: z.string() }),
  z.object({ verdict: z.literal('mismatch'), call: z.string() }),
  /** The user said no. `bad_answer`: the answer was used before, came too late, or its grant ended. */
  z.object({ verdict: z.enum(['declined', 'bad_answer']) }),
  /** Policy does not let a later call begin. */
  z.object({ verdict: z.literal('denied'), policy: PolicyDenial }),
])
export type CallStart = z.infer<typeof CallStart>
export type CallPermit = Extract<CallStart, { verdict: 'go' }>
/** No call of this grant can start now. */
export type CallDenial = Extract<CallStart, { verdict: 'ended' | 'unavailable' }>

/** Words for a lasting `unavailable`: both the check of the bearer and the tool call give them. */
export const NO_TOKEN =
  'This call could not be started: this server gets no token from PingOne until its operator has acted.'

/** `unknown`: the effect may or may not have happened; it is never retried silently (invariant 7). */
export const CallOutcome = z.enum(['done', 'refused', 'failed', 'unknown'])
export type CallOutcome = z.infer<typeof CallOutcome>

/** The RPCs of a tool call, idempotent. Declared without the class, so that Node tests can type-check against it. */
export interface CallApi {
  /** Renews the downstream token of a running call. The caller parses the answer. */
  renewToken(refused: RefusedToken): Promise<unknown>
  /** Decides by policy, then begins the call. The caller parses the answer. */
  beginCall(call: LaterCall): Promise<unknown>
  endCall(call: string, outcome: CallOutcome, result: string | null, facts?: EndFacts): Promise<void>
  endReads(ends: ReadEnd[]): Promise<void>
}

/** The outcome of a read, which is never stored with its result. */
export interface ReadEnd {
  call: string
  outcome: CallOutcome
  facts?: EndFacts
}
