// More networks at once than that have better ways to do harm; the oldest goes first.
const MOST = 10_000

/**
 * What this isolate knows to be over its limit, and until when. The platform counts, but cannot be asked without
 * counting; and what is closed is answered from here, without a message to anybody.
 */
export class ClosedKeys {
  readonly #untilMs = new Map<string, number>()
  readonly #nowMs: () => number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  close(key: string, seconds: number): void {
    const [oldest] = this.#untilMs.keys()
    if (this.#untilMs.size >= MOST && oldest !== undefined) this.#untilMs.delete(oldest)
    this.#untilMs.delete(key)
    this.#untilMs.set(key, this.#nowMs() + seconds * 1000)
  }

  /** Seconds until it opens; 0: it is open. */
  waitSeconds(key: string): number {
    const untilMs = this.#untilMs.get(key)
    if (untilMs === undefined) return 0
    const seconds = Math.ceil((untilMs - this.#nowMs()) / 1000)
    if (seconds <= 0) this.#untilMs.delete(key)
    return Math.max(0, seconds)
  }
}
