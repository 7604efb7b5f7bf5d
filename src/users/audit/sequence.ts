/** An event that waits to be shipped. */
export interface WaitingEvent {
  /** Its number among all events of the user, from 1 and without gaps. */
  seq: number
  id: string
  atMs: number
  /** A NewEvent. The shipper checks it against the schema, because it may come from storage. */
  event: object
}

/** A table whose rows wait as events: the outbox, and the calls. */
export interface EventSource {
  /** The highest number in use; 0: none. */
  lastSeq(): number
  /** The events from one number to another, both included, in order. */
  waiting(from: number, to: number): WaitingEvent[]
  /** D1 has the events up to this number. */
  release(upTo: number): void
}

const FROZEN = 'audit-frozen'

/**
 * Numbers the events of one user in the order in which they are written. The numbers are in the rows; the memory of the object
 * only saves looking for the last one.
 */
export class Sequence {
  readonly #kv: DurableObjectStorage['kv']
  readonly #sources: () => readonly EventSource[]
  readonly #beforeNext: (last: number) => void
  #last: number | null = null
  #frozen: number | null = null

  /**
   * `sources`: called at the first use, so that the tables may be made after this. `beforeNext`: called for each event with
   * the last number.
   */
  constructor(
    kv: DurableObjectStorage['kv'],
    sources: () => readonly EventSource[],
    beforeNext: (last: number) => void,
  ) {
    this.#kv = kv
    this.#sources = sources
    this.#beforeNext = beforeNext
  }

  next(): number {
    this.#beforeNext(this.last)
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
