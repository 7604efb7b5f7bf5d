import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { newIncident } from '#lib/trace.ts'
import { ClosedKeys } from './closed-keys.ts'

/** The period of the platform's rate limits (`simple.period` in wrangler.jsonc). */
const PERIOD_SECONDS = 60

const OUTAGE = 'outage'

/** A rate-limit binding. It cannot be read without counting. */
export interface Limiter {
  limit(options: { key: string }): Promise<{ success: boolean }>
}

/** `facts` go to the log: ids and networks, never an address. */
export interface CountedKey {
  key: string
  facts: Readonly<Record<string, string>>
}

/**
 * A rate limit of the platform: approximate, and per location. It logs one line per key and minute, so that an attacker
 * cannot fill the log.
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

  /** The seconds to wait as far as this isolate knows, without counting; 0: continue. */
  waitSeconds({ key }: CountedKey): number {
    return this.#closed.waitSeconds(key)
  }

  /** Counts one request. Returns the seconds to wait if it is over the limit; 0: continue. */
  async count(counted: CountedKey): Promise<number> {
    const known = this.waitSeconds(counted)
    if (known > 0 || (await this.#isWithin(counted.key))) return known
    // A concurrent request may have closed and logged it.
    const meanwhile = this.waitSeconds(counted)
    if (meanwhile > 0) return meanwhile
    this.#closed.close(counted.key, PERIOD_SECONDS)
    log.warn('limit.reached', { limit: this.#name, ...counted.facts })
    return PERIOD_SECONDS
  }

  /** Fails open: an outage of the counter limits no request. */
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
