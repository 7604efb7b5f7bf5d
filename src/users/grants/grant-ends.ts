import type { Config } from '#config.ts'
import { log } from '#lib/log.ts'
import type { CallLog } from '../calls/call-log.ts'
import type { EndReason } from './end-reason.ts'
import type { Grant, Tenant } from './grant.ts'
import type { GrantTable } from './grant-table.ts'
import { whyRanOut } from './grant-life.ts'
import type { GrantRecords } from './grant-records.ts'
import type { Revocations } from '../tokens/revocations.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { WakeTime } from '../base/wake-time.ts'

export interface GrantEndsDeps {
  config: () => Config
  nowSeconds: () => number
  grants: GrantTable
  records: GrantRecords
  sessions: Sessions
  calls: CallLog
  revocations: Revocations
  wake: WakeTime
  closeSessions: (sessions: readonly string[]) => void
  /** What else is kept of a grant that is alive. */
  forget: (grant: string) => void
}

/** How grants of one user end. Synchronous, so that an end is one act. */
export class GrantEnds {
  readonly #parts: GrantEndsDeps

  constructor(parts: GrantEndsDeps) {
    this.#parts = parts
  }

  /** The one way in which a grant ends. The row that stays is the record; nothing that opens anything stays. */
  end(grantId: string, reason: EndReason): void {
    const { nowSeconds, grants, records, sessions, calls, wake, closeSessions, forget } = this.#parts
    const grant = grants.readLive(grantId)
    if (grant === null) return
    records.erase(grantId)
    if (records.isErasing) wake.noLaterThan(nowSeconds())
    grants.markEnded(grant, reason)
    forget(grantId)
    calls.dropResults(grantId)
    // PingOne knows already where it was PingOne that ended it.
    if (reason !== 'pingone_ended') this.revoke(grantId, grant.encrypted, grant.tenant)
    closeSessions(sessions.closeAllOf(grantId))
    log.info('grant.ended', { grant: grantId, reason })
  }

  endAll(reason: EndReason): void {
    for (const { id } of this.#parts.grants.live()) this.end(id, reason)
  }

  /** When there is more to end. */
  endWhatRanOut(): number | null {
    const { config, nowSeconds, grants, records } = this.#parts
    const { over, nextSeconds } = records.sweep()
    for (const { grant: id, wasRedeemed } of over) {
      const grant = grants.readLive(id)
      if (grant !== null)
        this.end(id, wasRedeemed ? whyRanOut(grant, config().life, nowSeconds()) : 'code_not_redeemed')
      records.erase(id)
    }
    return nextSeconds
  }

  /** A grant whose record ran out has ended, though the alarm that says so may be a moment late. */
  readInTime(grantId: string): Grant | null {
    const { grants, records } = this.#parts
    if (grants.readLive(grantId) !== null && !records.has(grantId)) this.endWhatRanOut()
    return grants.read(grantId)
  }

  /** At once, and again by the alarm while PingOne does not answer: ending must never wait for it. */
  revoke(grantId: string, encrypted: string, tenant: Tenant): void {
    const { revocations, wake } = this.#parts
    revocations.add(grantId, encrypted, tenant)
    wake.noLaterThan(revocations.nextSeconds())
  }
}
