import type { StoredArguments } from '#events/event.ts'
import type { Result } from '#lib/result.ts'
import type { AuditKey } from '../audit/audit-key.ts'
import type { AccountService } from '../grants/account-service.ts'
import type { BlockService } from '../grants/block-service.ts'
import type { GrantEndService } from '../grants/grant-end-service.ts'
import type { GrantTable } from '../grants/grant-table.ts'
import type { OperatedUser, UserAct } from './operator-api.ts'

interface UserActServiceDeps {
  grants: GrantTable
  account: Pick<AccountService, 'listGrants'>
  ends: GrantEndService
  blocks: BlockService
  auditKey: AuditKey
}

/** What operators see of this user and do to them. The operator's own object has recorded each act before. */
export class UserActService {
  readonly #deps: UserActServiceDeps

  constructor(deps: UserActServiceDeps) {
    this.#deps = deps
  }

  describe(): OperatedUser {
    const { grants, account, ends } = this.#deps
    ends.endExpired()
    return { isBlocked: grants.isBlocked, grants: account.listGrants() }
  }

  async protectReason(reason: string): Promise<StoredArguments | null> {
    const kept = await this.#deps.auditKey.protect({ personal: { reason } })
    return this.#deps.auditKey.exists ? kept : null
  }

  /** Synchronous: each act on a user is one act. */
  apply(given: UserAct): { grants: number } {
    const { grants, ends, blocks } = this.#deps
    const { act } = given
    // A grant that is over by itself is not counted as ended by the act.
    ends.endExpired()
    switch (given.operation) {
      case 'end-grant':
        ends.end(given.grant, 'ended_by_operator', act)
        break
      case 'end-client':
      case 'block-client':
        for (const { id, client, openedAtSeconds } of grants.live())
          if (client === given.client && openedAtSeconds < given.beforeSeconds)
            ends.end(id, 'ended_by_operator', act)
        break
      case 'end-user':
        ends.endAll('ended_by_operator', act)
        break
      case 'block-user':
        blocks.block(given)
        break
      case 'unblock-user':
        blocks.unblock(given)
        break
      case 'erase-user':
        blocks.erase(given)
        break
      default:
        given satisfies never
    }
    return { grants: grants.all().filter(({ ended }) => ended?.act === act).length }
  }

  reveal(ciphertext: string): Promise<Result<Record<string, unknown>, 'unreadable' | 'broken'>> {
    return this.#deps.auditKey.reveal(ciphertext)
  }
}
