import type { UserAudit } from '../audit/user-audit.ts'
import type { OperatorTable } from '../operators/operator-table.ts'
import type { AccountService } from './account-service.ts'
import type { GrantEndService } from './grant-end-service.ts'
import type { GrantTable } from './grant-table.ts'
import type { UserClaims } from './user-claims.ts'

interface BlockServiceDeps {
  claims: Pick<UserClaims, 'sweep'>
  grants: GrantTable
  operators: Pick<OperatorTable, 'closeAll' | 'eraseNames'>
  account: Pick<AccountService, 'closePages'>
  ends: GrantEndService
  audit: UserAudit
}

/** The act behind a block or an erasure, and the operator: the name of their object. */
interface ActOrigin {
  act: string
  by: string
}

/** Blocks and erases a user. Synchronous, so that each is one act. Neither waits for the audit log or is refused by it. */
export class BlockService {
  readonly #deps: BlockServiceDeps

  constructor(deps: BlockServiceDeps) {
    this.#deps = deps
  }

  /** Ends all grants, pages and sessions as an operator. A login that is under way is then refused. Idempotent. */
  block({ act, by }: ActOrigin): void {
    const { grants, audit, ends } = this.#deps
    if (!grants.isBlocked) audit.outbox.emit({ type: 'user.blocked', by, act })
    grants.isBlocked = true
    this.#closePages()
    ends.endAll('blocked', act)
  }

  /** What the block has ended stays ended. Idempotent. */
  unblock({ act, by }: ActOrigin): void {
    const { grants, audit } = this.#deps
    if (!grants.isBlocked) return
    audit.outbox.emit({ type: 'user.unblocked', by, act })
    grants.isBlocked = false
  }

  /**
   * Ends all grants, pages and sessions as an operator, and destroys what names the user or opens their personal fields.
   * Events stay in the chain, and a block stays. The next alarms delete the row of the directory, until D1 confirms it.
   * Idempotent until then.
   * @step audit 11 erasure
   */
  erase({ act, by }: ActOrigin): void {
    const { claims, grants, operators, ends, audit } = this.#deps
    this.#closePages()
    ends.endAll('ended_by_operator', act)
    claims.sweep()
    grants.eraseNames()
    operators.eraseNames()
    const isRepeated = audit.directory.erasedAtMs !== null && !audit.auditKey.exists
    if (!isRepeated) audit.outbox.emit({ type: 'user.erased', by, act })
    audit.auditKey.destroy()
    audit.directory.erase()
    audit.shipper.resume()
  }

  #closePages(): void {
    this.#deps.account.closePages()
    this.#deps.operators.closeAll()
  }
}
