import type { UserStorage } from './step.ts'

const KEY = 'wake'

/** The one alarm of an object, which many wait for: it only ever moves earlier, and is set anew from what is left. */
export class WakeTime {
  readonly #storage: UserStorage

  constructor(storage: UserStorage) {
    this.#storage = storage
  }

  noLaterThan(seconds: number | null): void {
    const next = this.#storage.kv.get<number>(KEY) ?? Infinity
    if (seconds === null || next <= seconds) return
    this.#storage.kv.put(KEY, seconds)
    this.#storage.setAlarm(seconds * 1000)
  }

  /** The alarm went off. */
  clear(): void {
    this.#storage.kv.delete(KEY)
  }
}
