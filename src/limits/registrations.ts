import { networkOf } from '#lib/addresses.ts'
import { log } from '#lib/log.ts'
import { ClosedKeys } from './closed-keys.ts'
import { type DailyCeiling, dayLeftSeconds } from './daily-ceiling.ts'

const ALL = 'all'

/**
 * Nobody stands behind a registration, and each is a record in KV: they are the one thing that succeeds and is limited
 * by address all the same, and there is a ceiling for all of them together.
 */
export class Registrations {
  readonly #ceiling: DailyCeiling
  readonly #nowMs: () => number
  readonly #closed: ClosedKeys

  constructor(ceiling: DailyCeiling, nowMs: () => number) {
    this.#ceiling = ceiling
    this.#nowMs = nowMs
    this.#closed = new ClosedKeys(nowMs)
  }

  /** Takes one. Seconds to wait when there is none; 0: register. Throws when the ceiling cannot be asked. */
  async take(request: Request): Promise<number> {
    const network = networkOf(request)
    const known = Math.max(this.#closed.waitSeconds(ALL), this.#closed.waitSeconds(network))
    if (known > 0) return known
    const nowMs = this.#nowMs()
    const taken = await this.#ceiling.take(network, nowMs)
    if (taken === 'taken') return 0
    const left = dayLeftSeconds(nowMs)
    const [key, facts] = taken === 'over_for_all' ? [ALL, {}] : [network, { network }]
    // Others may have come to the same answer meanwhile, and told it.
    if (this.#closed.waitSeconds(key) > 0) return left
    this.#closed.close(key, left)
    log.warn('limit.reached', { limit: 'registrations', ...facts })
    return left
  }
}
