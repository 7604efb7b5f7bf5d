import { newIncident } from '#lib/trace.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { ClosedKeys } from './closed-keys.ts'

/** What the platform's rate limits count in (`simple.period` in wrangler.jsonc). */
const PERIOD_SECONDS = 60

const OUTAGE = 'outage'

/** A rate-limit binding. It cannot be asked without counting. */
export interface Limiter {
  limit(options: { key: string }): Promise<{ success: boolean }>
}

/** Which limit, and for the log whom it met: ids and networks, never an address. */
export interface Counted {
  key: string
  facts: Readonly<Record<string, string>>
}

/**
 * One of the platform's rate limits. It counts per location and roughly, which is enough where nothing is promised.
 * One line of log for each minute in which a key is over: whoever made it so cannot fill the log.
 */
export class PlatformCounter {
  readonly #name: string
  readonly #limiter: Limiter
  readonly #closed: ClosedKeys

  constructor(name: string, limiter: Limiter, nowMs: () => number) {
    this.#name = name
    this.#limiter = limiter
    this.#closed = new ClosedKeys(nowMs)
  }

  /** Without counting: seconds to wait where this isolate knows of it; 0: go on. */
  waitSeconds({ key }: Counted): number {
    return this.#closed.waitSeconds(key)
  }

  /** Counts one. Seconds to wait when there were too many; 0: go on. */
  async count(counted: Counted): Promise<number> {
    const known = this.waitSeconds(counted)
    if (known > 0 || (await this.#isWithin(counted.key))) return known
    // Others may have come to the same answer meanwhile, and told it.
    const meanwhile = this.waitSeconds(counted)
    if (meanwhile > 0) return meanwhile
    this.#closed.close(counted.key, PERIOD_SECONDS)
    log.warn('limit.reached', { limit: this.#name, ...counted.facts })
    return PERIOD_SECONDS
  }

  /** An outage of the counting limits nobody. */
  async #isWithin(key: string): Promise<boolean> {
    try {
      return (await this.#limiter.limit({ key })).success
    } catch (error) {
      if (this.#closed.waitSeconds(OUTAGE) > 0) return true
      this.#closed.close(OUTAGE, PERIOD_SECONDS)
      const detail = error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error'
      log.error('limit.not-counted', { limit: this.#name, incident: newIncident(), detail })
      return true
    }
  }
}
