import { sha256Hex } from '#lib/hash.ts'

/** One event's place. A chain is named like the user's object. A restored object begins another epoch. */
export interface Place {
  chain: string
  epoch: number
  /** From 1, without gaps. */
  seq: number
}

/** An event as it is stored in D1: `body` is the exact text that was hashed. */
export interface ChainedEvent extends Place {
  body: string
  /** Lower-case hex. */
  hash: string
}

/** The last event of a chain, or the last one that retention removed. */
export interface ChainHead extends Place {
  hash: string
}

/** The previous hash of the first event of an epoch. */
export const GENESIS = ''

/**
 * No part before `body` can hold a line break.
 * @step audit 3 the hash
 */
export const hashOf = (previous: string, { chain, epoch, seq }: Place, body: string): Promise<string> =>
  sha256Hex(`${previous}\n${chain}\n${epoch}\n${seq}\n${body}`)

/** The digest of a list of heads, in the order of chain and epoch. It needs the memory of one head. */
export class HeadListDigest {
  #digest = GENESIS
  #count = 0

  async add({ chain, epoch, seq, hash }: ChainHead): Promise<void> {
    this.#digest = await sha256Hex(`${this.#digest}\n${chain}\n${epoch}\n${seq}\n${hash}`)
    this.#count += 1
  }

  /** Lower-case hex, and the number of heads. */
  get value(): { digest: string; count: number } {
    return { digest: this.#digest, count: this.#count }
  }
}
