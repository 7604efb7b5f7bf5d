import type { NewEvent } from '#events/event.ts'

/** An event that waits to be shipped. `event` has no id, time, app or user yet. */
export interface WaitingEvent {
  /** Its number among all events of the user, from 1 and without gaps. */
  seq: number
  id: string
  atMs: number
  event: NewEvent
}

/** A table whose rows wait as events: the outbox, and the calls. */
export interface EventSource {
  /** The highest number in use; 0: none. */
  lastSeq(): number
  /** The events from one number to another, both included, in order. */
  waiting(from: number, to: number): WaitingEvent[]
}

const FROZEN = 'audit-frozen'

/**
 * Numbers the events of one user in the order in which they are written. The numbers are in the rows; the memory of the object
 * only saves looking for the last one.
 */
export class Sequence {
  readonly #kv: DurableObjectStorage['kv']
  readonly #sources: () => readonly EventSource[]
  #last: number | null = null
  #frozen: number | null = null

  /** `sources`: called at the first use, so that the tables may be made after this. */
  constructor(kv: DurableObjectStorage['kv'], sources: () => readonly EventSource[]) {
    this.#kv = kv
    this.#sources = sources
  }

  next(): number {
    this.#last = this.last + 1
    return this.#last
  }

  get last(): number {
    this.#last ??= Math.max(this.frozen, ...this.#sources().map((source) => source.lastSeq()))
    return this.#last
  }

  /** Events up to this number may have been sent: what they say must not change any more. */
  get frozen(): number {
    this.#frozen ??= this.#kv.get<number>(FROZEN) ?? 0
    return this.#frozen
  }

  freeze(upTo: number): void {
    this.#kv.put(FROZEN, upTo)
    this.#frozen = upTo
  }
}
