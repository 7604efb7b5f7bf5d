import { z } from 'zod'
import { GENESIS } from '#events/chain.ts'
import { uuidv7 } from '#lib/uuid.ts'

const KEY = 'audit-chain'

/** An object's place in the audit log. Its own numbers never start over; those of D1 start over with each epoch. */
const Chain = z.object({
  epoch: z.int(),
  /** The object's own number of the last event that D1 has. */
  shipped: z.int(),
  /** D1's number and hash of that event; 0 and '' before the first of an epoch. */
  seq: z.int(),
  hash: z.string(),
  /** The first event of the epoch, kept so that a retry has the same bytes. `previous`: what an earlier state shipped. */
  opened: z.object({
    id: z.string(),
    atMs: z.number(),
    previous: z.object({ epoch: z.int(), seq: z.int(), hash: z.string() }).nullable(),
  }),
  /** Events of the frozen batch that D1 refused, by their own numbers. */
  refused: z.array(z.object({ seq: z.int(), reason: z.string() })),
})
export type Chain = z.infer<typeof Chain>

/** The chain of one user, cached in memory. Synchronous. */
export class ChainState {
  readonly #kv: DurableObjectStorage['kv']
  readonly #nowMs: () => number
  #chain: Chain | null = null

  constructor(kv: DurableObjectStorage['kv'], nowMs: () => number) {
    this.#kv = kv
    this.#nowMs = nowMs
  }

  /** null: no event was ever numbered. */
  read(): Chain | null {
    if (this.#chain !== null) return this.#chain
    const stored = this.#kv.get(KEY)
    if (stored !== undefined) this.#chain = Chain.parse(stored)
    return this.#chain
  }

  get shipped(): number {
    return this.read()?.shipped ?? 0
  }

  /** Begins the chain before its first event. `last`: the number of the last row that is no event of it. */
  begin(last: number): void {
    if (this.read() !== null) return
    this.#write({ epoch: 1, shipped: last, ...this.#opening(null) })
  }

  /** D1 has the events up to `shipped`. */
  advance(chain: Chain, head: Pick<Chain, 'shipped' | 'seq' | 'hash'>): void {
    this.#write({ ...chain, ...head, refused: [] })
  }

  refuse(chain: Chain, seq: number, reason: string): void {
    this.#write({ ...chain, refused: [...chain.refused, { seq, reason }] })
  }

  /** The object was restored to an earlier state: what it ships now follows the head that D1 has. */
  fork(chain: Chain, head: { epoch: number; seq: number; hash: string }): void {
    const epoch = Math.max(chain.epoch, head.epoch) + 1
    this.#write({ epoch, shipped: chain.shipped, ...this.#opening(head) })
  }

  #opening(previous: Chain['opened']['previous']): Omit<Chain, 'epoch' | 'shipped'> {
    const atMs = this.#nowMs()
    return { seq: 0, hash: GENESIS, opened: { id: uuidv7(atMs), atMs, previous }, refused: [] }
  }

  #write(chain: Chain): void {
    this.#kv.put(KEY, chain)
    this.#chain = chain
  }
}
