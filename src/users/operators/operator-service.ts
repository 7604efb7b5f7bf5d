import type { Operation, StoredArguments } from '#events/event.ts'
import type { Role } from '#lib/roles.ts'
import type { AuditKey } from '../audit/audit-key.ts'
import type { Directory } from '../audit/directory.ts'
import type { Outbox } from '../audit/outbox.ts'
import type { WakeTime } from '../base/wake-time.ts'
import type { GrantTable } from '../grants/grant-table.ts'
import type {
  ActDenial,
  EndedAct,
  NewAct,
  NewOperatorSession,
  OperatorDenial,
  OperatorSession,
} from './operator-api.ts'
import type { OperatorTable } from './operator-table.ts'

/** The maximum age of an authentication that may end, block or erase. */
export const FRESH_ACT_SECONDS = 5 * 60

interface Requirement {
  role: Role
  /** Whether the sign-in must be of the last 5 minutes. */
  isFresh: boolean
}

const OPERATOR: Requirement = { role: 'operator', isFresh: true }
const EDITOR: Requirement = { role: 'policy-editor', isFresh: true }
const AUDITOR: Requirement = { role: 'auditor', isFresh: false }

/** What each operation needs, also of the operator API before it does anything. */
export const REQUIREMENTS: Record<Operation, Requirement> = {
  'end-grant': OPERATOR,
  'end-user': OPERATOR,
  'end-client': OPERATOR,
  'block-user': OPERATOR,
  'unblock-user': OPERATOR,
  'block-client': OPERATOR,
  'unblock-client': OPERATOR,
  'erase-user': OPERATOR,
  'audit-session': AUDITOR,
  reveal: AUDITOR,
  export: AUDITOR,
  'policy-apply': EDITOR,
  'policy-confirm': EDITOR,
  'policy-rollback': EDITOR,
  'policy-drop': EDITOR,
  'switch-off': OPERATOR,
  'switch-on': OPERATOR,
}

interface OperatorServiceDeps {
  nowSeconds: () => number
  grants: Pick<GrantTable, 'isBlocked'>
  operators: OperatorTable
  outbox: Outbox
  auditKey: AuditKey
  directory: Directory
  wake: WakeTime
}

/** An operator in their own object: sessions, and the record of their acts. `session`: the hash of a token. */
export class OperatorService {
  readonly #deps: OperatorServiceDeps

  constructor(deps: OperatorServiceDeps) {
    this.#deps = deps
  }

  /** A sign-in from before an erasure opens nothing: it would bring name and key back. */
  async open(session: string, given: NewOperatorSession): Promise<'done' | 'blocked'> {
    const { grants, operators, outbox, auditKey, directory, wake } = this.#deps
    const newKey = await auditKey.prepare()
    // No await from here: the rest is one act.
    const erasedAtMs = directory.erasedAtMs ?? -Infinity
    if (grants.isBlocked || given.authenticatedAtSeconds * 1000 <= erasedAtMs) return 'blocked'
    if (!operators.open(session, given)) return 'done'
    outbox.create()
    auditKey.store(newKey)
    directory.renew()
    const { roles, network, agent } = given
    outbox.emit({ type: 'operator.signed-in', roles, network, agent })
    wake.noLaterThan(operators.nextSeconds())
    return 'done'
  }

  read(session: string): OperatorSession | OperatorDenial {
    if (this.#deps.grants.isBlocked) return 'blocked'
    return this.#deps.operators.read(session) ?? 'over'
  }

  close(session: string): void {
    const { operators, outbox } = this.#deps
    if (operators.close(session)) outbox.emit({ type: 'operator.signed-out' })
  }

  /** Checks and records an act before it takes effect, also if the outbox is full. */
  begin(session: string, act: NewAct): 'recorded' | ActDenial {
    const { operators, outbox, wake, nowSeconds } = this.#deps
    const operator = this.read(session)
    if (typeof operator === 'string') return operator
    const { role, isFresh } = REQUIREMENTS[act.operation]
    if (!operator.roles.includes(role)) return 'role'
    const ageSeconds = nowSeconds() - operator.authenticatedAtSeconds
    if (isFresh && ageSeconds > FRESH_ACT_SECONDS) return 'stale'
    if (operators.begin(act)) outbox.emit({ type: 'operator.began', ...act })
    wake.noLaterThan(operators.nextSeconds())
    return 'recorded'
  }

  /** Needs no session: an operator may have blocked or erased themself. */
  end(act: EndedAct): void {
    const { operators, outbox, wake } = this.#deps
    if (!outbox.exists || !operators.end(act)) return
    outbox.emit({ type: 'operator.ended', ...act })
    wake.noLaterThan(operators.nextSeconds())
  }

  protectReason(reason: string): Promise<StoredArguments> {
    return this.#deps.auditKey.protect({ personal: { reason } })
  }

  sweep(): void {
    this.#deps.operators.sweep()
  }

  nextSeconds(): number | null {
    return this.#deps.operators.nextSeconds()
  }
}
