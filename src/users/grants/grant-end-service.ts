import type { Config } from '#config.ts'
import type { Emit, NewEvent } from '#events/event.ts'
import { log } from '#lib/log.ts'
import type { WakeTime } from '../base/wake-time.ts'
import type { CallTable } from '../calls/call-table.ts'
import type { SessionTable } from '../sessions/sessions.ts'
import type { RevocationService } from '../tokens/revocations.ts'
import { type EndReason, expiryReason, type Grant, type Tenant } from './grant.ts'
import type { GrantRecordService } from './grant-record-service.ts'
import type { GrantTable } from './grant-table.ts'

interface GrantEndServiceDeps {
  config: () => Config
  nowSeconds: () => number
  grants: GrantTable
  records: GrantRecordService
  sessions: SessionTable
  calls: CallTable
  revocations: RevocationService
  wake: WakeTime
  closeSessions: (sessions: readonly string[]) => void
  emit: Emit
  /** Drops everything else that belongs to a live grant. */
  forget: (grant: string) => void
}

/** Who ended a grant, for the audit log. */
const ENDED_BY: Record<EndReason, Extract<NewEvent, { type: 'grant.ended' }>['by']> = {
  revoked_by_client: 'client',
  code_reused: 'server',
  code_not_redeemed: 'server',
  refresh_reused: 'server',
  pingone_ended: 'pingone',
  downstream_expired: 'pingone',
  idle: 'server',
  too_old: 'server',
  refreshed_too_often: 'server',
  cap: 'server',
  key_retired: 'server',
  claims_too_old: 'pingone',
  ended_by_user: 'user',
  ended_by_operator: 'operator',
  blocked: 'operator',
}

/** The findings that end a grant. */
const FINDINGS: Partial<Record<EndReason, string>> = {
  code_reused: 'code-reused',
  refresh_reused: 'refresh-token-reused',
}

/** Ends grants of one user. Synchronous, so that each end is one act. */
export class GrantEndService {
  readonly #deps: GrantEndServiceDeps

  constructor(deps: GrantEndServiceDeps) {
    this.#deps = deps
  }

  /**
   * The only code that ends a grant. Its row stays as history; its tokens, results and sessions go.
   * `act`: the act of an operator behind it.
   */
  end(grantId: string, reason: EndReason, act?: string): void {
    const { nowSeconds, grants, records, sessions, calls, wake, closeSessions, forget, emit } = this.#deps
    const grant = grants.readLive(grantId)
    if (grant === null) return
    const finding = FINDINGS[reason]
    if (finding !== undefined) emit({ type: 'security', grant: grantId, finding })
    emit({
      type: 'grant.ended',
      grant: grantId,
      reason,
      by: ENDED_BY[reason],
      ...(act !== undefined && { act }),
    })
    records.erase(grantId)
    if (records.isErasing) wake.noLaterThan(nowSeconds())
    grants.markEnded(grant, reason, act)
    forget(grantId)
    calls.dropResults(grantId)
    // A grant that PingOne ended has nothing left to revoke.
    if (reason !== 'pingone_ended') this.revoke(grantId, grant.encrypted, grant.tenant)
    closeSessions(sessions.closeAllOf(grantId))
    log.info('grant.ended', { grant: grantId, reason })
  }

  endAll(reason: EndReason, act?: string): void {
    for (const { id } of this.#deps.grants.live()) this.end(id, reason, act)
  }

  /** Returns the time of the next expiry. */
  endExpired(): number | null {
    const { config, nowSeconds, grants, records } = this.#deps
    const { over, nextSeconds } = records.sweep()
    for (const { grant: id, wasRedeemed } of over) {
      const grant = grants.readLive(id)
      if (grant !== null)
        this.end(id, wasRedeemed ? expiryReason(grant, config().life, nowSeconds()) : 'code_not_redeemed')
      records.erase(id)
    }
    return nextSeconds
  }

  /** Ends expired grants first: the alarm may be late. */
  readCurrent(grantId: string): Grant | null {
    const { grants, records } = this.#deps
    if (grants.readLive(grantId) !== null && !records.has(grantId)) this.endExpired()
    return grants.read(grantId)
  }

  /** Queues a revocation for the alarm, which retries it: an end never waits for PingOne. */
  revoke(grantId: string, encrypted: string, tenant: Tenant): void {
    const { revocations, wake } = this.#deps
    revocations.add(grantId, encrypted, tenant)
    wake.noLaterThan(revocations.nextSeconds())
  }
}
