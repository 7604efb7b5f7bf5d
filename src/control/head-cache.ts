import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { within } from '#lib/retry-once.ts'
import type { Head, HeldHead } from './head.ts'
import { REPLICAS } from './replicas.ts'

const FRESH_MS = 1_000
const REFRESHED_MS = 3_000
const READ_MS = 1_000
/** Control writes to its replicas before it answers. */
const ADOPT_MS = 5_000
const ADOPT_AGAIN_MS = 60_000
const LOG_MS = 60_000

export interface HeadCacheDeps {
  nowMs: () => number
  /** A head that was confirmed longer ago is not used. */
  maxAgeMs: number
  readHead: (replica: string) => Promise<Head | null>
  /** The hash of the document that this deployment carries; null: it is not valid. */
  bundle: () => Promise<string | null>
  /** Whether it needs an editor if it widens access. Without, one that waits is offered again. */
  isShared: () => boolean
  /** Has Control adopt that document. */
  adopt: () => Promise<Head | null>
  /** From 0 to 1, 1 excluded. */
  random: () => number
}

type AfterAnswer = (work: Promise<unknown>) => void

/**
 * The head as this isolate knows it. Requests share the data only, and no promise: one that has to wait reads by itself, since a
 * request that is cancelled must not stop another one.
 */
export class HeadCache {
  readonly #deps: HeadCacheDeps
  #held: HeldHead | null = null
  #refreshingSinceMs = -Infinity
  #adoptedAtMs = -Infinity
  #loggedMs = -Infinity

  constructor(deps: HeadCacheDeps) {
    this.#deps = deps
  }

  /**
   * Up to a second old as it is; up to three seconds old as it is, and read again after the answer; older: read first. If no
   * replica answers within a second, an older one counts up to its maximum age.
   * `notBeforeMs`: the head must have been confirmed at that time or later.
   * null: no head may be used, so the request gets 503.
   */
  async head(afterAnswer: AfterAnswer, notBeforeMs = -Infinity): Promise<Head | null> {
    const held = this.#usable(REFRESHED_MS, notBeforeMs)
    if (held !== null) {
      if (this.#usable(FRESH_MS, notBeforeMs) === null) this.#refreshOnce(afterAnswer)
      return held
    }
    await this.#refresh(afterAnswer)
    return this.#usable(this.#deps.maxAgeMs, notBeforeMs)
  }

  #usable(maxAgeMs: number, notBeforeMs: number): Head | null {
    if (this.#held === null) return null
    const { head, confirmedAtMs } = this.#held
    const isYoung = this.#deps.nowMs() - confirmedAtMs <= Math.min(maxAgeMs, this.#deps.maxAgeMs)
    return isYoung && confirmedAtMs >= notBeforeMs ? head : null
  }

  /** One at a time. It is over when its time is, even if its request was cancelled. */
  #refreshOnce(afterAnswer: AfterAnswer): void {
    const now = this.#deps.nowMs()
    if (now - this.#refreshingSinceMs < READ_MS) return
    this.#refreshingSinceMs = now
    afterAnswer(
      this.#refresh(afterAnswer).finally(() => {
        if (this.#refreshingSinceMs === now) this.#refreshingSinceMs = -Infinity
      }),
    )
  }

  /** Keeps what was held if nobody answers. Never throws. */
  async #refresh(afterAnswer: AfterAnswer): Promise<void> {
    try {
      const askedAtMs = this.#deps.nowMs()
      const head = await this.#readOne()
      if (head === null) await this.#adopt()
      else {
        this.#take(head, askedAtMs)
        if (this.#isAdoptionDue()) afterAnswer(this.#adoptIfUnknown(head))
      }
    } catch (error) {
      this.#report(error)
    }
  }

  /** A random replica, and another one if that fails. */
  async #readOne(): Promise<Head | null> {
    const first = Math.floor(this.#deps.random() * REPLICAS.length)
    const second = (first + 1 + Math.floor(this.#deps.random() * (REPLICAS.length - 1))) % REPLICAS.length
    try {
      return await within(READ_MS / 2, this.#deps.readHead(REPLICAS[first] ?? REPLICAS[0]))
    } catch {
      return within(READ_MS / 2, this.#deps.readHead(REPLICAS[second] ?? REPLICAS[0]))
    }
  }

  /** Never goes back. An older head than the one held confirms nothing: its replica is behind. */
  #take(head: Head, askedAtMs: number): void {
    if (this.#held !== null && head.sequence < this.#held.head.sequence) return
    const isSame = this.#held?.head.sequence === head.sequence
    this.#held = {
      head: isSame && this.#held !== null ? this.#held.head : head,
      confirmedAtMs:
        isSame && this.#held !== null ? Math.max(this.#held.confirmedAtMs, askedAtMs) : askedAtMs,
    }
  }

  #isAdoptionDue(): boolean {
    return this.#deps.nowMs() - this.#adoptedAtMs >= ADOPT_AGAIN_MS
  }

  /** A document that Control refuses is offered again from time to time: Control may run on another release. */
  async #adoptIfUnknown(head: Head): Promise<void> {
    try {
      const bundle = await this.#deps.bundle()
      if (bundle === null || !this.#isAdoptionDue()) return
      const isLookedAt = head.bundles.includes(bundle)
      if (isLookedAt && (this.#deps.isShared() || head.policy === bundle)) return
      this.#adoptedAtMs = this.#deps.nowMs()
      await this.#adopt()
    } catch (error) {
      this.#report(error)
    }
  }

  async #adopt(): Promise<void> {
    const askedAtMs = this.#deps.nowMs()
    const head = await within(ADOPT_MS, this.#deps.adopt())
    if (head !== null) this.#take(head, askedAtMs)
  }

  #report(error: unknown): void {
    const now = this.#deps.nowMs()
    if (now - this.#loggedMs < LOG_MS) return
    this.#loggedMs = now
    const detail = error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error'
    log.error('policy.head-not-read', { detail })
  }
}
