import type { Place } from '#events/chain.ts'

export type Epoch = Pick<Place, 'chain' | 'epoch'>

/** An iterable whose next item can be seen before it is taken. */
export class Lookahead<T extends Epoch> {
  readonly #iterator: AsyncIterator<T>
  #next: IteratorResult<T> | null = null

  constructor(items: AsyncIterable<T>) {
    this.#iterator = items[Symbol.asyncIterator]()
  }

  async peek(): Promise<T | undefined> {
    this.#next ??= await this.#iterator.next()
    return this.#next.done === true ? undefined : this.#next.value
  }

  /** The next item, if it is of this epoch. */
  async takeOf({ chain, epoch }: Epoch): Promise<T | undefined> {
    const item = await this.peek()
    if (item === undefined || item.chain !== chain || item.epoch !== epoch) return undefined
    this.#next = null
    return item
  }
}

export async function* nothing<T>(): AsyncGenerator<T> {}

export const compareEpochs = (one: Epoch, other: Epoch): number =>
  one.chain < other.chain ? -1 : one.chain > other.chain ? 1 : one.epoch - other.epoch
