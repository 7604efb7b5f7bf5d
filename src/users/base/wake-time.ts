import type { UserStorage } from './step.ts'

/** `ship`: audit events, every few seconds of use. `sweep`: everything else, when it expires. */
export type WakePurpose = 'sweep' | 'ship'

const KEYS = { sweep: 'wake', ship: 'wake-ship' } as const
const PURPOSES = ['sweep', 'ship'] as const
/** The platform gives up an alarm that fails again and again. One that is so late is set again. */
const LOST_AFTER_SECONDS = 600

/**
 * The object's single alarm, shared by all tables. It only moves earlier; each alarm sets the next one.
 * A time stays stored until its work is done: after a crash the platform repeats the alarm, which finds it again.
 */
export class WakeTime {
  readonly #storage: UserStorage
  readonly #nowSeconds: () => number
  /** The purposes whose work runs, each with the next time that was asked for meanwhile. */
  #running = new Map<WakePurpose, number>()

  constructor(storage: UserStorage, nowSeconds: () => number) {
    this.#storage = storage
    this.#nowSeconds = nowSeconds
  }

  noLaterThan(seconds: number | null, purpose: WakePurpose = 'sweep'): void {
    if (seconds === null) return
    const asked = this.#running.get(purpose)
    if (asked !== undefined) {
      this.#running.set(purpose, Math.min(asked, seconds))
      return
    }
    const stored = this.#read(purpose)
    if (stored <= seconds) {
      if (stored < this.#nowSeconds() - LOST_AFTER_SECONDS) this.#storage.setAlarm(this.#nowSeconds() * 1000)
      return
    }
    const isFirst = PURPOSES.every((other) => this.#read(other) > seconds)
    this.#storage.kv.put(KEYS[purpose], seconds)
    if (isFirst) this.#storage.setAlarm(seconds * 1000)
  }

  /** The alarm has fired. Returns the purposes whose time has come; before any of them, all. */
  begin(): ReadonlySet<WakePurpose> {
    const now = this.#nowSeconds()
    const due = PURPOSES.filter((purpose) => this.#read(purpose) <= now)
    this.#running = new Map((due.length === 0 ? PURPOSES : due).map((purpose) => [purpose, Infinity]))
    return new Set(this.#running.keys())
  }

  /** Their work is done. */
  end(): void {
    for (const [purpose, seconds] of this.#running) {
      if (seconds === Infinity) this.#storage.kv.delete(KEYS[purpose])
      else this.#storage.kv.put(KEYS[purpose], seconds)
    }
    this.#running = new Map()
    const next = Math.min(...PURPOSES.map((purpose) => this.#read(purpose)))
    if (next !== Infinity) this.#storage.setAlarm(next * 1000)
  }

  /** Their work failed: the platform repeats the alarm. */
  abandon(): void {
    this.#running = new Map()
  }

  #read(purpose: WakePurpose): number {
    return this.#storage.kv.get<number>(KEYS[purpose]) ?? Infinity
  }
}
