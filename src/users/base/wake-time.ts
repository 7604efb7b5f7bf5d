import type { UserStorage } from './step.ts'

const KEY = 'wake'

/** The object's single alarm, shared by all tables. It only moves earlier; each alarm sets the next one. */
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

  /** The alarm has fired. */
  clear(): void {
    this.#storage.kv.delete(KEY)
  }
}
