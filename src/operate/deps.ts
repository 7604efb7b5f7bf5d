import type { ClientCutoffTable } from '#audit/cutoffs.ts'
import type { OperatedRecords } from '#audit/operated.ts'
import type { Ask, AuditQuestions } from '#audit/read-questions.ts'
import type { RoleGroups } from '#lib/roles.ts'
import type { ControlApi, ControlState } from '#control/control-api.ts'
import type { PolicyDocument } from '#policy/document.ts'
import type { SignInDeps } from '#sign-in/deps.ts'
import type { UserObjectApi } from '#users/user.ts'

/** The policy and the switches, as operators see and change them. Each throws if Control does not answer in time. */
export interface PolicyDeps {
  control: Pick<
    ControlApi,
    'readDocument' | 'apply' | 'rollBack' | 'confirm' | 'drop' | 'switchOff' | 'switchOn'
  >
  /** null: no policy is in force, since the document of the deployment is not valid. */
  state: () => Promise<ControlState | null>
  /** Problems of a valid document with what this deployment offers. */
  check: (document: PolicyDocument) => string[]
  /** One sentence for each thing that the second allows and the first does not. */
  widens: (before: PolicyDocument, after: PolicyDocument) => string[]
  /** The document that the deployment carries. `hash` null: it is not valid. */
  carried: () => Promise<{ name: string; hash: string | null }>
}

/** The dependencies of `/operate`, for one request. */
export interface OperateDeps extends SignInDeps {
  operators: RoleGroups
  apiName: string
  /** The audit log in D1. */
  questions: AuditQuestions
  records: OperatedRecords
  cutoffs: ClientCutoffTable
  ask: Ask
  policy: PolicyDeps
  /** The object of a user whom the directory or the log names. */
  userNamed: (name: string) => UserObjectApi
  /** Counts a failed request of this network, and replaces the answer if there are too many. */
  limitFailure: (answer: Response, tooMany: (waitSeconds: number) => Response) => Promise<Response>
}
