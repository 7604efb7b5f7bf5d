import type { Config } from '#config.ts'
import { log } from '#lib/log.ts'

const MINUTE_MS = 60_000
/** A user has several clients at work; the grants of one still share what its object can do. */
const USER_TIMES = 3

/** When a request was made, and with which grant. */
export interface Made {
  grant: string
  atMs: number
}

/** As many at once as a minute allows, and then one for each that the minute gives back. */
class Bucket {
  readonly #perMinute: number
  #used = 0
  #atMs: number
  toldAtMs = -Infinity

  constructor(perMinute: number, atMs: number) {
    this.#perMinute = perMinute
    this.#atMs = atMs
  }

  /** Milliseconds until there is one; 0: now. */
  waitMs(nowMs: number): number {
    const given = (Math.max(0, nowMs - this.#atMs) * this.#perMinute) / MINUTE_MS
    this.#used = Math.max(0, this.#used - given)
    this.#atMs = nowMs
    return Math.max(0, ((this.#used + 1 - this.#perMinute) * MINUTE_MS) / this.#perMinute)
  }

  take(): void {
    this.#used += 1
  }
}

/**
 * How often one user's grants are used, all of a client's messages alike. It is counted where every bearer is looked
 * up anyway, in memory: no message and no row more. What an object that was put away had counted it finds again in the
 * record of its calls.
 */
export class RequestRates {
  readonly #record: { begunSince(sinceMs: number): readonly Made[] }
  readonly #nowMs: () => number
  readonly #config: () => Pick<Config, 'limits'>
  #user: Bucket | null = null
  readonly #grants = new Map<string, Bucket>()

  /** `record`: what was made, the oldest first. */
  constructor(
    record: { begunSince(sinceMs: number): readonly Made[] },
    nowMs: () => number,
    config: () => Pick<Config, 'limits'>,
  ) {
    this.#record = record
    this.#nowMs = nowMs
    this.#config = config
  }

  /** Counts one request. Seconds to wait when there were too many; 0: go on. */
  take(grant: string): number {
    const nowMs = this.#nowMs()
    const buckets = [this.#ofUser(nowMs), this.#ofGrant(grant, nowMs)]
    const waitMs = Math.max(...buckets.map((bucket) => bucket.waitMs(nowMs)))
    if (waitMs <= 0) {
      for (const bucket of buckets) bucket.take()
      return 0
    }
    this.#tell(grant, nowMs)
    return Math.ceil(waitMs / 1000)
  }

  #ofUser(nowMs: number): Bucket {
    if (this.#user !== null) return this.#user
    const sinceMs = nowMs - MINUTE_MS
    this.#user = new Bucket(USER_TIMES * this.#config().limits.requestsPerMinute, sinceMs)
    for (const { grant, atMs } of this.#record.begunSince(sinceMs)) {
      for (const bucket of [this.#user, this.#ofGrant(grant, sinceMs)]) {
        bucket.waitMs(atMs)
        bucket.take()
      }
    }
    return this.#user
  }

  #ofGrant(grant: string, nowMs: number): Bucket {
    const bucket = this.#grants.get(grant) ?? new Bucket(this.#config().limits.requestsPerMinute, nowMs)
    this.#grants.set(grant, bucket)
    return bucket
  }

  /** One line in a minute for each grant. */
  #tell(grant: string, nowMs: number): void {
    const bucket = this.#ofGrant(grant, nowMs)
    if (nowMs - bucket.toldAtMs < MINUTE_MS) return
    bucket.toldAtMs = nowMs
    log.warn('limit.reached', { limit: 'requests', grant })
  }
}
