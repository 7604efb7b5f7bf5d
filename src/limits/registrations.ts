import { networkOf } from '#lib/addresses.ts'
import { log } from '#lib/log.ts'
import { ClosedKeys } from './closed-keys.ts'
import { type DailyCeiling, dayLeftSeconds } from './daily-ceiling.ts'

const ALL = 'all'

/**
 * Limits client registrations. They need no user and each writes to KV, so successful ones are limited too, per network
 * and in total.
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

  /** Counts one. Returns the seconds to wait if a ceiling is reached; 0: register. Throws if D1 fails. */
  async take(request: Request): Promise<number> {
    const network = networkOf(request)
    const known = Math.max(this.#closed.waitSeconds(ALL), this.#closed.waitSeconds(network))
    if (known > 0) return known
    const nowMs = this.#nowMs()
    const taken = await this.#ceiling.take(network, nowMs)
    if (taken === 'taken') return 0
    const left = dayLeftSeconds(nowMs)
    const [key, facts] = taken === 'over_for_all' ? [ALL, {}] : [network, { network }]
    // A concurrent request may have closed and logged it.
    if (this.#closed.waitSeconds(key) > 0) return left
    this.#closed.close(key, left)
    log.warn('limit.reached', { limit: 'registrations', ...facts })
    return left
  }
}
