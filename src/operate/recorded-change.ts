import type { Operation } from '#events/event.ts'
import type { Result } from '#lib/result.ts'
import type { EndedAct } from '#users/operators/operator-api.ts'
import { type ActFacts, beginAct, recordFailure } from './acts.ts'
import type { Operator } from './answer.ts'
import type { ApiDenial } from './api-denial.ts'
import type { OperateDeps } from './deps.ts'

const nobody = { users: 0, grants: 0 }

/** A change of policy or switches, before it takes effect. */
export interface NewChange {
  act: string
  operation: Operation
  reason: string
  /** The user whom it concerns; null: no single user. */
  about: string | null
  subject: string
}

/** What a change came to: for the operator, and for the audit log. */
export interface ChangeEnding<T> {
  answer: Result<T, ApiDenial>
  outcome: EndedAct['outcome']
  result: string
}

/**
 * Stores the change in the operator's chain, does it, and stores what it came to (invariant 13). Idempotent by the id of the
 * act if `effect` is. Throws if an object does not answer; the failure is recorded then.
 */
export async function recordChange<T>(
  { act, operation, reason, about, subject }: NewChange,
  operator: Operator,
  deps: OperateDeps,
  effect: () => Promise<ChangeEnding<T>>,
): Promise<Result<T, ApiDenial>> {
  const facts: ActFacts = { about, subject, affects: nobody, isExact: true }
  const began = await beginAct({ act, operation, reason, ...facts }, operator, deps)
  if (!began.ok) return began
  try {
    const { answer, outcome, result } = await effect()
    await operator.user.endAct({ act, operation, outcome, result, affected: nobody })
    return answer
  } catch (error) {
    deps.afterAnswer(recordFailure({ act, operation }, operator))
    throw error
  }
}
