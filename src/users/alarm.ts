import type { Config } from '#config.ts'
import type { UserAudit } from './audit/user-audit.ts'
import type { UserPingOne } from './base/step.ts'
import type { WakeTime } from './base/wake-time.ts'
import type { CallTable } from './calls/call-table.ts'
import type { GrantEndService } from './grants/grant-end-service.ts'
import type { GrantRecordService } from './grants/grant-record-service.ts'
import type { SessionTable } from './sessions/sessions.ts'
import type { RevocationService } from './tokens/revocations.ts'

/** Rows that expire. */
interface Swept {
  sweep(): void
  nextSeconds(): number | null
}

export interface AlarmDeps {
  config: () => Config
  pingone: () => UserPingOne
  nowSeconds: () => number
  wake: WakeTime
  shipper: UserAudit['shipper']
  webhooks: UserAudit['webhooks']
  ends: GrantEndService
  records: GrantRecordService
  sessions: SessionTable
  calls: CallTable
  revocations: RevocationService
  closeSessions: (sessions: readonly string[]) => void
  others: readonly Swept[]
}

/** The alarm of a user's object. Ships what waits, then sweeps if that is due: shipping alone reads no other table. */
export async function runAlarm(deps: AlarmDeps): Promise<void> {
  const { wake, shipper } = deps
  const due = wake.begin()
  try {
    if (due.has('ship')) await shipper.run()
    if (due.has('sweep')) await sweep(deps)
  } catch (error) {
    wake.abandon()
    throw error
  }
  wake.end()
}

async function sweep(deps: AlarmDeps): Promise<void> {
  const { nowSeconds, wake, shipper, webhooks, ends, records, sessions, calls, revocations, others } = deps
  const nextExpiry = ends.endExpired()
  deps.closeSessions([...sessions.sweep(), ...sessions.unconfirmed()])
  if (calls.sweep()) wake.noLaterThan(nowSeconds())
  records.eraseMore()
  if (records.isErasing) wake.noLaterThan(nowSeconds())
  for (const part of others) part.sweep()
  shipper.resume()
  webhooks.start()
  await revocations.sendDue(deps.config(), deps.pingone())
  const parts = [sessions, revocations, calls, webhooks, ...others]
  for (const next of [nextExpiry, ...parts.map((part) => part.nextSeconds())]) wake.noLaterThan(next)
}
