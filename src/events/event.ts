import { z } from 'zod'
import { roles } from '#lib/roles.ts'
import { ApiFacts, CallKind } from './call-facts.ts'

/**
 * Every audit event. The user's object stores it in the same act as what it records, and an alarm ships it to D1.
 * Nothing here is a token, a code, a link or an argument of class `secret`. Personal arguments are encrypted under the
 * user's own key.
 */

/** The client of a grant. `givenName` is what the client calls itself: a claim. `domain` is that of its document. */
const Client = z.strictObject({
  id: z.string(),
  domain: z.string().optional(),
  givenName: z.string().optional(),
})
export type EventClient = z.infer<typeof Client>

/** What was called. */
const What = z.strictObject({ kind: CallKind, name: z.string() })

/**
 * `personal`: one ciphertext of all personal fields. `hmac`: keyed hashes instead, where the user's key cannot be opened.
 * `hash`: keyed hashes of the fields of that class.
 */
const StoredArguments = z.strictObject({
  plain: z.record(z.string(), z.unknown()).optional(),
  personal: z.string().optional(),
  hmac: z.record(z.string(), z.string()).optional(),
  hash: z.record(z.string(), z.string()).optional(),
  cut: z.array(z.string()).optional(),
})
export type StoredArguments = z.infer<typeof StoredArguments>

/**
 * A policy decision. `rules`: the rule that decided, or the id of the switch; none: the document's default. `policy`: hash of
 * the document. `wouldDeny`: shadow rules that would have denied.
 */
const AuditDecision = z.strictObject({
  effect: z.string(),
  rules: z.array(z.string()),
  policy: z.string(),
  approval: z.string().optional(),
  wouldDeny: z.array(z.string()).optional(),
})
export type AuditDecision = z.infer<typeof AuditDecision>

const base = {
  /** UUIDv7 of `at`. */
  id: z.uuidv7(),
  /** UTC, with milliseconds. */
  at: z.iso.datetime({ precision: 3 }),
  /** The slug of the product. */
  app: z.string(),
  /** The name of the user's object: a pseudonym (users/base/user-id.ts). */
  user: z.string(),
  /** Joins an event with the log, the API and PingOne. */
  transaction: z.string().optional(),
  grant: z.string().optional(),
  client: Client.optional(),
  network: z.string().optional(),
  agent: z.string().optional(),
}

const intent = {
  ...base,
  transaction: z.string(),
  grant: z.string(),
  client: Client,
  /** A short hash of the session's id. */
  session: z.string().optional(),
  transport: z.enum(['stateless', 'session']),
  what: What,
  effect: z.enum(['read', 'write']),
  /** `describe`: it only looked, to find out what the user must agree to. */
  step: z.enum(['describe', 'act']),
  scopes: z.array(z.string()).optional(),
  arguments: StoredArguments.optional(),
  progressToken: z.union([z.string(), z.number()]).optional(),
  /** The client's own trace: its claim. */
  clientTrace: z.string().optional(),
  bytesIn: z.int().optional(),
  decision: AuditDecision.optional(),
}

const end = {
  outcome: z.enum(['done', 'refused', 'failed', 'unknown']),
  endedAt: z.iso.datetime({ precision: 3 }),
  reason: z.string().optional(),
  incident: z.string().optional(),
  ms: z.int().optional(),
  api: ApiFacts.optional(),
  confirmedBy: z.enum(['user', 'model']).optional(),
}

const event = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.strictObject({ ...base, type: z.literal(type), ...shape })

const scopes = z.array(z.string())

/** What operators can do. `client`: it changes all users of one client. */
export const operations = [
  'end-grant',
  'end-user',
  'end-client',
  'block-user',
  'unblock-user',
  'block-client',
  'unblock-client',
  'erase-user',
  'audit-session',
  'reveal',
  'export',
  'policy-apply',
  'policy-confirm',
  'policy-rollback',
  'policy-drop',
  'switch-off',
  'switch-on',
] as const
export const Operation = z.enum(operations)
export type Operation = z.infer<typeof Operation>

/** The operator behind an event in another user's chain: the name of their object, and the id of their act. */
const byOperator = { by: z.string().optional(), act: z.uuid().optional() }

const act = {
  /** Joins the events of one act, in all chains. */
  act: z.uuid(),
  operation: Operation,
}

export const AuditEvent = z.discriminatedUnion('type', [
  /** The first event of a chain. `previous`: the object was restored to an earlier state, and this chain follows that one. */
  event('chain.opened', {
    previous: z.strictObject({ epoch: z.int(), seq: z.int(), hash: z.string() }).nullable(),
  }),

  event('login.started', { scopes }),
  event('consent.given', { scopes }),
  /** `correlation`: PingOne's id of the token request. `wouldDeny`: shadow rules about the connection that would have denied. */
  event('login.completed', {
    scopes,
    acr: z.string().optional(),
    correlation: z.string().optional(),
    wouldDeny: z.array(z.string()).optional(),
  }),
  /** `rule`: the rule or switch behind the reason `policy`. */
  event('login.refused', { reason: z.string(), rule: z.string().optional() }),

  event('grant.opened', { scopes }),
  event('grant.refreshed', {}),
  event('grant.widened', { scopes }),
  event('grant.ended', {
    reason: z.string(),
    by: z.enum(['user', 'client', 'operator', 'pingone', 'server']),
    act: z.uuid().optional(),
  }),
  event('downstream.refreshed', { correlation: z.string().optional() }),

  event('session.opened', { session: z.string() }),
  event('session.closed', { session: z.string(), reason: z.string() }),
  /** A newer grant of the same client continues the session (decision 4). */
  event('session.taken-over', { session: z.string(), from: z.string() }),

  /** An intent that was shipped before its outcome was known. */
  z.strictObject({ ...intent, type: z.literal('call.began') }),
  /** The outcome of such a call. */
  event('call.ended', { ...end, what: What, session: z.string().optional() }),
  /** Intent and outcome of a call in one event. */
  z.strictObject({ ...intent, type: z.literal('call'), ...end }),
  /** A call that did not begin. Equal denials within a minute are one event with their `count`. */
  event('call.denied', {
    what: What.optional(),
    session: z.string().optional(),
    reason: z.string(),
    count: z.int(),
    lastAt: z.iso.datetime({ precision: 3 }),
    arguments: StoredArguments.optional(),
    decision: AuditDecision.optional(),
  }),
  /** Reads that ran while the outbox was full (setting READS_WITHOUT_AUDIT). */
  event('reads.not-recorded', { count: z.int(), lastAt: z.iso.datetime({ precision: 3 }) }),
  /** Other events for which a full outbox had no room. Which ones it always stores: users/audit/outbox.ts. */
  event('events.not-recorded', { count: z.int(), lastAt: z.iso.datetime({ precision: 3 }) }),

  event('step-up.asked', { scopes }),
  event('step-up.approved', { scopes }),
  event('step-up.denied', {}),

  event('security', { finding: z.string() }),

  /** The user's own pages. */
  event('account.signed-in', {}),
  event('account.signed-out', {}),
  event('account.pingone-signed-out', {}),

  event('user.blocked', byOperator),
  event('user.unblocked', byOperator),
  event('user.erased', byOperator),

  /** In the chain of the operator. */
  event('operator.signed-in', { roles: z.array(z.enum(roles)) }),
  event('operator.signed-out', {}),
  /**
   * An act, before it takes effect. `about`: the user whom it concerns; `subject`: the grant, client, session, event, the
   * hash of a policy, or what a switch is about.
   * `reason`: personal, under the key of that user, or of the operator if the act concerns no user or erases one.
   */
  event('operator.began', {
    ...act,
    about: z.string().optional(),
    subject: z.string().optional(),
    reason: StoredArguments,
    affects: z.strictObject({ users: z.int(), grants: z.int() }),
  }),
  /** `refused`: nothing was changed. `failed`: not every object has answered. `result`: what a change of policy came to. */
  event('operator.ended', {
    ...act,
    outcome: z.enum(['done', 'refused', 'failed']),
    result: z.string().optional(),
    affected: z.strictObject({ users: z.int(), grants: z.int() }),
  }),

  /** Takes the number of an event that does not fit its schema; that event is in the table of rejected events. */
  event('event.rejected', { rejected: z.string(), reason: z.string() }),
])
export type AuditEvent = z.infer<typeof AuditEvent>
export type EventType = AuditEvent['type']

/** An event before the emitter adds `id`, `at`, `app` and `user`. `atMs`: when it happened, if that was earlier. */
export type NewEvent<E = AuditEvent> = E extends AuditEvent
  ? Omit<E, 'id' | 'at' | 'app' | 'user'> & { atMs?: number }
  : never

/** The emitter of one user. Synchronous: it stores the event in the same act as what it records. */
export type Emit = (event: NewEvent) => void
