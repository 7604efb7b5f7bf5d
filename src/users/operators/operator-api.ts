import type { NewEvent, Operation, StoredArguments } from '#events/event.ts'
import type { Role } from '#lib/roles.ts'
import type { Result } from '#lib/result.ts'
import type { UserNames } from '../audit/directory-names.ts'
import type { ListedGrant } from '../grants/account-service.ts'

/** A sign-in of an operator, for 15 minutes. Stored under the hash of the token that stands for it. */
export interface NewOperatorSession extends UserNames {
  roles: Role[]
  /** When PingOne authenticated the operator (`auth_time`). */
  authenticatedAtSeconds: number
  network: string
  agent: string
}

export interface OperatorSession extends UserNames {
  roles: Role[]
  authenticatedAtSeconds: number
  endsAtSeconds: number
}

/** Why a token of an operator opens nothing. `over`: expired, signed out, or never issued. */
export type OperatorDenial = 'over' | 'blocked'

type ActEvent<T extends string> = Omit<Extract<NewEvent, { type: T }>, 'type' | 'atMs'>
export type NewAct = ActEvent<'operator.began'>
export type EndedAct = ActEvent<'operator.ended'>

/** Why an act may not begin. `role`: the session lacks it. `stale`: the act needs a sign-in of the last 5 minutes. */
export type ActDenial = OperatorDenial | 'role' | 'stale'

/** The RPCs of an operator's own object. `session`: the hash of the token. Idempotent. */
export interface OperatorApi {
  openOperator(session: string, given: NewOperatorSession): Promise<'done' | 'blocked'>
  readOperator(session: string): Promise<OperatorSession | OperatorDenial>
  closeOperator(session: string): Promise<void>
  /** Checks session, role and age of the sign-in, and stores `operator.began`, in one act (invariant 13). */
  beginAct(session: string, act: NewAct): Promise<'recorded' | ActDenial>
  endAct(act: EndedAct): Promise<void>
  /** A reason under this user's own audit key, which is made if it is missing. */
  protectOwnReason(reason: string): Promise<StoredArguments>
}

/** A user as an operator sees them. */
export interface OperatedUser {
  isBlocked: boolean
  grants: ListedGrant[]
}

/** What an act does to one user. `by`: the name of the operator's object; events of ended grants name the act alone. */
export type UserAct = { act: string } & (
  | { by?: string; operation: 'end-grant'; grant: string }
  /** Ends the grants of the client that were opened before the time. */
  | { by?: string; operation: 'end-client' | 'block-client'; client: string; beforeSeconds: number }
  | { by: string; operation: Extract<Operation, 'end-user' | 'block-user' | 'unblock-user' | 'erase-user'> }
)

/** The RPCs of the user whom an act concerns. Idempotent. */
export interface OperatedUserApi {
  describeForOperator(): Promise<OperatedUser>
  /** Null: the user has no key, e.g. after an erasure. */
  protectReason(reason: string): Promise<StoredArguments | null>
  /** `grants`: how many this act has ended, also in an earlier try. */
  applyAct(act: UserAct): Promise<{ grants: number }>
  /** Opens personal fields of an event. The caller has recorded the act. */
  reveal(ciphertext: string): Promise<Result<Record<string, unknown>, 'unreadable' | 'broken'>>
}
