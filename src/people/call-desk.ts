import type { Config } from '../config.ts'
import type { CallLog } from './call-log.ts'
import { answerEarlier, sealResult } from './call-results.ts'
import { LOST_AFTER_MS } from './call-sweep.ts'
import type { CallIntent, CallOutcome, CallStart } from './calls.ts'
import { CallsUnderWay } from './calls-under-way.ts'
import type { DownstreamKeeper } from './downstream-keeper.ts'
import type { GrantBook } from './grant-book.ts'
import type { WakeTime } from './wake-time.ts'

export interface CallDeskParts {
  config: () => Config
  nowMs: () => number
  grants: GrantBook
  calls: CallLog
  downstream: DownstreamKeeper
  wake: WakeTime
}

/** Where a tool call of one person begins and ends (decision 17). */
export class CallDesk {
  readonly #parts: CallDeskParts
  readonly #underWay = new CallsUnderWay()

  constructor(parts: CallDeskParts) {
    this.#parts = parts
  }

  /** Stores the intent, then answers with a live downstream token: no effect without a record (invariant 8). */
  async begin(intent: CallIntent): Promise<CallStart> {
    const { config, nowMs, grants, calls, downstream, wake } = this.#parts
    const running = calls.earlier(intent)
    if (running?.verdict === 'running') await this.#underWay.endOf(running.call)
    const grant = grants.readLive(intent.grant)
    if (grant === null || grant.client !== intent.client) return { verdict: 'ended' }
    const earlier = calls.begin(intent)
    if (earlier !== null) return answerEarlier(config(), earlier)
    wake.noLaterThan(Math.ceil((nowMs() + LOST_AFTER_MS) / 1000))
    const live = await downstream.live(grant, intent)
    if (live.verdict === 'go') {
      const person = { name: grant.personName }
      return { verdict: 'go', call: intent.transaction, downstreamToken: live.token, person }
    }
    // Of a call that is under way `end` will tell: it may have done something before the API refused a token.
    if (intent.refused === undefined) this.#end(intent.transaction, 'refused', null)
    return live
  }

  async end(call: string, outcome: CallOutcome, result: string | null): Promise<void> {
    const { config, grants, calls, wake } = this.#parts
    const grant = result === null ? null : calls.keepsResultFor(call)
    if (result === null || grant === null) return this.#end(call, outcome, null)
    const sealed = await sealResult(config(), grant, result)
    // Looked at after sealing: nothing is kept for a grant that ended meanwhile.
    this.#end(call, outcome, grants.readLive(grant) === null ? null : sealed)
    wake.noLaterThan(calls.nextSeconds())
  }

  #end(call: string, outcome: CallOutcome, sealed: string | null): void {
    this.#parts.calls.end(call, outcome, sealed)
    this.#underWay.tellEnd(call)
  }
}
