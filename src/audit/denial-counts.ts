import type { CountDenial } from '#events/denial-count.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { within } from '#lib/retry-once.ts'

const FLUSH_MS = 60_000
const DEADLINE_MS = 10_000

const ADD = `INSERT INTO denials (hour, reason, count)
  SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
  FROM json_each(?) WHERE true
  ON CONFLICT (hour, reason) DO UPDATE SET count = denials.count + excluded.count`

/**
 * Counts denials that belong to no user, per hour and reason. The rows of an hour are as many as the list of reasons is
 * long. The counts are a lower bound: what an evicted isolate had not written, or what D1 did not confirm, is lost.
 */
export class DenialCounts {
  readonly #db: D1Database
  readonly #nowMs: () => number
  readonly #afterAnswer: (work: Promise<void>) => void
  /** By hour and reason. */
  #counts = new Map<string, number>()
  #flushedMs = 0

  /** `afterAnswer` keeps the current request alive until D1 has answered. */
  constructor(db: D1Database, nowMs: () => number, afterAnswer: (work: Promise<void>) => void) {
    this.#db = db
    this.#nowMs = nowMs
    this.#afterAnswer = afterAnswer
  }

  readonly count: CountDenial = (reason) => {
    const nowMs = this.#nowMs()
    const key = `${new Date(nowMs).toISOString().slice(0, 13)} ${reason}`
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    if (nowMs - this.#flushedMs < FLUSH_MS) return
    this.#flushedMs = nowMs
    this.#afterAnswer(this.#flush())
  }

  /** Not repeated: a second try could count twice. */
  async #flush(): Promise<void> {
    const rows = [...this.#counts].map(([key, count]) => [...key.split(' '), count] as const)
    const lost = [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
    this.#counts = new Map()
    try {
      await within(DEADLINE_MS, this.#db.prepare(ADD).bind(JSON.stringify(rows)).run())
    } catch (error) {
      const detail = error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error'
      log.warn('audit.denials-not-counted', { lost, detail })
    }
  }
}
