import type { Operation, StoredArguments } from '#events/event.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { err, ok, type Result } from '#lib/result.ts'
import type { Role } from '#lib/roles.ts'
import { newIncident } from '#lib/trace.ts'
import type { ActDenial, NewAct, UserAct } from '#users/operators/operator-api.ts'
import { REQUIREMENTS } from '#users/operators/operator-service.ts'
import type { Handler, Operator } from './answer.ts'
import {
  type ApiDenial,
  blocked,
  lacksRole,
  notFound,
  noSuchUser,
  stale,
  unauthenticated,
} from './api-denial.ts'
import {
  type ActProgress,
  ActRequest,
  ActTarget,
  type Affected,
  type Preview,
  WALK_USERS,
} from './api-schema.ts'
import { beginWalk } from './client-walk.ts'
import type { OperateDeps } from './deps.ts'

/** The role that each operation needs. The operator's object checks it again, and the age of the sign-in. */
export const roleOf = (operation: Operation): Role => REQUIREMENTS[operation].role

const nobody: Affected = { users: 0, grants: 0 }

/** What an act concerns, and what it will change. */
export interface ActFacts {
  /** The user whom it concerns; null: no single user. */
  about: string | null
  subject: string | null
  affects: Affected
  isExact: boolean
}

/** POST /acts/preview: what an act would change, in numbers. It changes nothing. */
export const preview: Handler<typeof ActTarget, Preview> = {
  role: 'viewer',
  input: ActTarget,
  run: async (target, { signIn }, deps) => {
    const role = roleOf(target.operation)
    if (!signIn.roles.includes(role)) return err(lacksRole(role))
    const facts = await readFacts(target, deps)
    if (!facts.ok) return facts
    const { affects, isExact } = facts.value
    const isWalk = target.operation === 'end-client' || target.operation === 'block-client'
    return ok({ affects, isExact, isWalk })
  },
}

/**
 * POST /acts: records the act, then does it. Answers when every object has answered, or names the next step.
 * @step operate 17-21 an act on record, then its effect
 */
export const act: Handler<typeof ActRequest, ActProgress> = {
  role: 'viewer',
  input: ActRequest,
  run: async ({ act: id, target, reason }, operator, deps) => {
    const { operation } = target
    const role = roleOf(operation)
    if (!operator.signIn.roles.includes(role)) return err(lacksRole(role))
    const facts = await readFacts(target, deps)
    if (!facts.ok) return facts
    const began = await beginAct({ act: id, operation, reason, ...facts.value }, operator, deps)
    if (!began.ok) return began
    return finishAct({ act: id, operation }, operator, deps, () => apply(id, target, operator, deps))
  },
}

async function readFacts(target: ActTarget, deps: OperateDeps): Promise<Result<ActFacts, ApiDenial>> {
  switch (target.operation) {
    case 'end-client':
    case 'block-client':
    case 'unblock-client':
      return ok(await clientFacts(target.operation, target.client, deps))
    case 'audit-session': {
      const user = await deps.records.userOfSession(target.session)
      if (user === null) return err(notFound('The audit log has no such session.'))
      return ok({ about: user, subject: target.session, affects: nobody, isExact: true })
    }
    case 'end-grant':
    case 'end-user':
    case 'block-user':
    case 'unblock-user':
    case 'erase-user':
      return userFacts(target, deps)
    default:
      return target satisfies never
  }
}

async function userFacts(
  target: Extract<ActTarget, { user: string }>,
  { records, userNamed }: OperateDeps,
): Promise<Result<ActFacts, ApiDenial>> {
  const { user } = target
  // A name that D1 does not know reaches no object (invariant 16).
  if (!(await records.isKnownUser(user))) return err(noSuchUser)
  const { grants } = await userNamed(user).describeForOperator()
  const subject = target.operation === 'end-grant' ? target.grant : null
  if (subject !== null && !grants.some(({ id }) => id === subject))
    return err(notFound('This user has no such grant.'))
  const live = grants.filter(({ id, ended }) => ended === null && (subject === null || id === subject))
  const ended = target.operation === 'unblock-user' ? 0 : live.length
  return ok({ about: user, subject, affects: { users: 1, grants: ended }, isExact: true })
}

async function clientFacts(
  operation: Operation,
  client: string,
  { config, records, questions, userNamed, nowSeconds }: OperateDeps,
): Promise<ActFacts> {
  const facts = { about: null, subject: client }
  if (operation === 'unblock-client') return { ...facts, affects: nobody, isExact: true }
  const sinceMs = (nowSeconds() - config.life.grantMaxSeconds) * 1000
  const { users, grants } = await records.countOfClient(client, sinceMs)
  // No grant is older than its longest life, and ended ones are counted too.
  if (users > WALK_USERS) return { ...facts, affects: { users, grants }, isExact: false }
  const { items } = await questions.usersOfClient(client, null, WALK_USERS)
  const described = await Promise.all(items.map((user) => userNamed(user).describeForOperator()))
  const live = described
    .flatMap((user) => user.grants)
    .filter((grant) => grant.client === client && grant.ended === null)
  return { ...facts, affects: { users, grants: live.length }, isExact: true }
}

/** Does the act. Every step is idempotent by the id of the act. */
async function apply(
  id: string,
  target: ActTarget,
  operator: Operator,
  deps: OperateDeps,
): Promise<Omit<ActProgress, 'act' | 'operation'>> {
  const { records, cutoffs, userNamed, nowSeconds } = deps
  const by = operator.name
  switch (target.operation) {
    case 'audit-session': {
      const at = new Date(nowSeconds() * 1000).toISOString()
      await records.markSession(target.session, { by, at, act: id })
      return { affected: nobody, next: null }
    }
    case 'unblock-client': {
      // What was opened before stays over, also a grant that the block did not find.
      const endedBeforeMs = (nowSeconds() + 1) * 1000
      await cutoffs.write({ client: target.client, endedBeforeMs, isBlocked: false, act: id })
      return { affected: nobody, next: null }
    }
    case 'end-client':
    case 'block-client':
      return beginWalk({ act: id, operation: target.operation, client: target.client, by }, deps)
    case 'end-grant':
    case 'end-user':
    case 'block-user':
    case 'unblock-user':
    case 'erase-user': {
      const { user, ...rest } = target
      const given: UserAct = { act: id, by, ...rest }
      const { grants } = await userNamed(user).applyAct(given)
      return { affected: { users: 1, grants }, next: null }
    }
    default:
      return target satisfies never
  }
}

/** Whatever is protected and recorded before an act takes effect. */
export interface BegunAct extends ActFacts {
  act: string
  operation: Operation
  reason: string
}

/** Stores the act and its reason in the operator's object, which checks role and age of the sign-in in the same act. */
export async function beginAct(
  { act: id, operation, reason, about, subject, affects }: BegunAct,
  operator: Operator,
  deps: OperateDeps,
): Promise<Result<null, ApiDenial>> {
  const given: NewAct = {
    act: id,
    operation,
    ...(about !== null && { about }),
    ...(subject !== null && { subject }),
    reason: await protectReason(operation, about, reason, operator, deps),
    affects,
    ...operator.from,
  }
  const begun = await operator.user.beginAct(operator.session, given)
  return begun === 'recorded' ? ok(null) : err(denialOf(begun, operation))
}

/**
 * Under the key of the user whom it concerns, so that erasing them makes it unreadable. Under the operator's own if there
 * is no such user or key, and for an erasure, whose reason must stay.
 */
async function protectReason(
  operation: Operation,
  about: string | null,
  reason: string,
  { user }: Operator,
  { userNamed }: OperateDeps,
): Promise<StoredArguments> {
  const isTheirs = about !== null && operation !== 'erase-user'
  const theirs = isTheirs ? await userNamed(about).protectReason(reason) : null
  return theirs ?? user.protectOwnReason(reason)
}

function denialOf(denial: ActDenial, operation: Operation): ApiDenial {
  switch (denial) {
    case 'over':
      return unauthenticated
    case 'blocked':
      return blocked
    case 'role':
      return lacksRole(roleOf(operation))
    case 'stale':
      return stale
    default:
      return denial satisfies never
  }
}

/** The same request may come again: it does nothing twice, and its end is recorded too. */
export async function recordFailure(
  { act: id, operation }: Pick<ActProgress, 'act' | 'operation'>,
  { user }: Operator,
): Promise<void> {
  try {
    await user.endAct({ act: id, operation, outcome: 'failed', affected: nobody })
  } catch (error) {
    const detail = error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error'
    log.error('operate.unavailable', { incident: newIncident(), at: 'end of an act', detail })
  }
}

/** Runs the effect of a recorded act, and records its end. An act that is continued ends later. */
export async function finishAct(
  { act: id, operation }: Pick<ActProgress, 'act' | 'operation'>,
  operator: Operator,
  { afterAnswer }: OperateDeps,
  effect: () => Promise<Omit<ActProgress, 'act' | 'operation'>>,
): Promise<Result<ActProgress, ApiDenial>> {
  try {
    const progress = await effect()
    const { affected, next } = progress
    if (next === null) await operator.user.endAct({ act: id, operation, outcome: 'done', affected })
    return ok({ act: id, operation, ...progress })
  } catch (error) {
    afterAnswer(recordFailure({ act: id, operation }, operator))
    throw error
  }
}
