import type { ClientCutoffTable } from '#audit/cutoffs.ts'
import type { OperatedRecords } from '#audit/operated.ts'
import type { Ask, AuditQuestions } from '#audit/read-questions.ts'
import type { RoleGroups } from '#lib/roles.ts'
import type { SignInDeps } from '#sign-in/deps.ts'
import type { UserObjectApi } from '#users/user.ts'

/** The dependencies of `/operate`, for one request. */
export interface OperateDeps extends SignInDeps {
  operators: RoleGroups
  apiName: string
  /** The audit log in D1. */
  questions: AuditQuestions
  records: OperatedRecords
  cutoffs: ClientCutoffTable
  ask: Ask
  /** The object of a user whom the directory or the log names. */
  userNamed: (name: string) => UserObjectApi
  /** Counts a failed request of this network, and replaces the answer if there are too many. */
  limitFailure: (answer: Response, tooMany: (waitSeconds: number) => Response) => Promise<Response>
}
