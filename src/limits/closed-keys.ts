// Bounds memory; the oldest key is evicted first.
const MAX_KEYS = 10_000

/**
 * The keys that are over their limit, per isolate. The platform's counter cannot be read without counting, and a closed
 * key is denied from here without a request.
 */
export class ClosedKeys {
  readonly #untilMs = new Map<string, number>()
  readonly #nowMs: () => number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  close(key: string, seconds: number): void {
    const [oldest] = this.#untilMs.keys()
    if (this.#untilMs.size >= MAX_KEYS && oldest !== undefined) this.#untilMs.delete(oldest)
    this.#untilMs.delete(key)
    this.#untilMs.set(key, this.#nowMs() + seconds * 1000)
  }

  /** Seconds until the key opens; 0 if it is open. */
  waitSeconds(key: string): number {
    const untilMs = this.#untilMs.get(key)
    if (untilMs === undefined) return 0
    const seconds = Math.ceil((untilMs - this.#nowMs()) / 1000)
    if (seconds <= 0) this.#untilMs.delete(key)
    return Math.max(0, seconds)
  }
}
