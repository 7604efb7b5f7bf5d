import type { UserAudit } from '../audit/user-audit.ts'
import type { AccountService } from './account-service.ts'
import type { GrantEndService } from './grant-end-service.ts'
import type { GrantTable } from './grant-table.ts'

interface BlockServiceDeps {
  grants: GrantTable
  account: Pick<AccountService, 'closePages'>
  ends: GrantEndService
  audit: UserAudit
}

/** Blocks and erases a user. Synchronous, so that each is one act. Neither waits for the audit log or is refused by it. */
export class BlockService {
  readonly #deps: BlockServiceDeps

  constructor(deps: BlockServiceDeps) {
    this.#deps = deps
  }

  /** Ends all grants and pages. A login that is under way is then refused. Idempotent. */
  setBlocked(isBlocked: boolean): void {
    const { grants, account, ends, audit } = this.#deps
    const { emit } = audit.outbox
    if (grants.isBlocked !== isBlocked) emit({ type: isBlocked ? 'user.blocked' : 'user.unblocked' })
    grants.isBlocked = isBlocked
    if (!isBlocked) return
    account.closePages()
    ends.endAll('blocked')
  }

  /**
   * Ends all grants and pages, and destroys what names the user or opens their personal fields. Events stay in the chain.
   * A block stays. The row of the directory is deleted by the next alarm, until D1 confirms it. Idempotent until then.
   * @step audit 11 erasure
   */
  erase(): void {
    const { grants, account, ends, audit } = this.#deps
    account.closePages()
    ends.endAll('ended_by_operator')
    grants.eraseNames()
    const isRepeated = audit.directory.erasedAtMs !== null && !audit.auditKey.exists
    if (!isRepeated) audit.outbox.emit({ type: 'user.erased' })
    audit.auditKey.destroy()
    audit.directory.erase()
    audit.shipper.resume()
  }
}
