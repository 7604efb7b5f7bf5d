import type { Config } from '#config.ts'
import { log } from '#lib/log.ts'

const MINUTE_MS = 60_000
/** A user's clients together may make this multiple of what one grant may. */
const USER_TIMES = 3

/** When a request was made, and with which grant. */
export interface RequestTime {
  grant: string
  atMs: number
}

/** A token bucket: its size is the number of requests per minute, and it refills at that rate. */
class Bucket {
  readonly #perMinute: number
  #used = 0
  #atMs: number
  warnedAtMs = -Infinity

  constructor(perMinute: number, atMs: number) {
    this.#perMinute = perMinute
    this.#atMs = atMs
  }

  /** Milliseconds until a request is allowed; 0: now. */
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
 * Limits the requests of one user and of each grant. Counted in memory, where every bearer is looked up anyway.
 * After an eviction the counts are restored from the stored calls and refreshes.
 */
export class RequestRates {
  readonly #history: { begunSince(sinceMs: number): readonly RequestTime[] }
  readonly #nowMs: () => number
  readonly #config: () => Pick<Config, 'limits'>
  #user: Bucket | null = null
  readonly #grants = new Map<string, Bucket>()

  /** `history`: the oldest request first. */
  constructor(
    history: { begunSince(sinceMs: number): readonly RequestTime[] },
    nowMs: () => number,
    config: () => Pick<Config, 'limits'>,
  ) {
    this.#history = history
    this.#nowMs = nowMs
    this.#config = config
  }

  /** Counts one request. Returns the seconds to wait; 0: the request is allowed. */
  take(grant: string): number {
    const nowMs = this.#nowMs()
    const buckets = [this.#ofUser(nowMs), this.#ofGrant(grant, nowMs)]
    const waitMs = Math.max(...buckets.map((bucket) => bucket.waitMs(nowMs)))
    if (waitMs <= 0) {
      for (const bucket of buckets) bucket.take()
      return 0
    }
    this.#warn(grant, nowMs)
    return Math.ceil(waitMs / 1000)
  }

  #ofUser(nowMs: number): Bucket {
    if (this.#user !== null) return this.#user
    const sinceMs = nowMs - MINUTE_MS
    this.#user = new Bucket(USER_TIMES * this.#config().limits.requestsPerMinute, sinceMs)
    for (const { grant, atMs } of this.#history.begunSince(sinceMs)) {
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

  /** Logs at most one line a minute for each grant. */
  #warn(grant: string, nowMs: number): void {
    const bucket = this.#ofGrant(grant, nowMs)
    if (nowMs - bucket.warnedAtMs < MINUTE_MS) return
    bucket.warnedAtMs = nowMs
    log.warn('limit.reached', { limit: 'requests', grant })
  }
}
