import { type ChainedEvent, GENESIS, hashOf } from '#events/chain.ts'
import type { Appended, AuditStore, Batch, DirectoryEntry, RejectedEvent } from '#events/store.ts'

/**
 * What happens to a request. `lost`: it is done, but its answer is not heard. `late`: it fails, but is done just before the next
 * one. `hangs`: the same, without any answer.
 */
export type Trouble = 'down' | 'throws' | 'lost' | 'late' | 'hangs'

/** The audit log in memory, under the rules of the real one: all or nothing, idempotent, no gaps. */
export class MemoryAuditStore implements AuditStore {
  readonly events: ChainedEvent[] = []
  readonly rejected: RejectedEvent[] = []
  readonly directory = new Map<string, DirectoryEntry>()
  readonly batches: Batch[] = []
  /** One for each request, from the first on. */
  readonly troubles: (Trouble | null)[] = []
  /** Whether all requests fail. */
  isDown = false
  readonly #ids = new Set<string>()
  readonly #late: (() => void)[] = []
  /** Ids of events that it never takes. */
  readonly refuses = new Set<string>()

  async append(batch: Batch): Promise<Appended> {
    return this.#answer(() => this.#append(batch), { outcome: 'unavailable', detail: 'down' })
  }

  async forget(user: string): Promise<boolean> {
    return this.#answer(() => this.#forget(user), false)
  }

  of(chain: string): ChainedEvent[] {
    return this.events.filter((event) => event.chain === chain)
  }

  /** The bodies of a chain, in the order of their numbers. */
  bodiesOf(chain: string): Record<string, unknown>[] {
    return this.of(chain).map(({ body }) => JSON.parse(body))
  }

  /** The place where the chain is wrong; null: every epoch verifies. */
  async faultOf(chain: string): Promise<string | null> {
    const epochs = Map.groupBy(this.of(chain), ({ epoch }) => epoch)
    for (const [epoch, events] of epochs) {
      let previous = GENESIS
      for (const [at, event] of events.entries()) {
        if (event.seq !== at + 1) return `${epoch}.${event.seq}: gap`
        previous = await hashOf(previous, event, event.body)
        if (event.hash !== previous) return `${epoch}.${event.seq}: hash`
      }
    }
    return null
  }

  async #answer<T>(act: () => T, down: T): Promise<T> {
    const trouble = this.isDown ? 'down' : (this.troubles.shift() ?? null)
    if (trouble === 'down') return down
    if (trouble === 'throws') throw new Error('the connection was lost')
    if (trouble === 'late' || trouble === 'hangs') {
      this.#late.push(act)
      return trouble === 'late' ? down : new Promise(() => {})
    }
    for (const late of this.#late.splice(0)) late()
    const answer = act()
    return trouble === 'lost' ? down : answer
  }

  #append({ chain, epoch, ...batch }: Batch): Appended {
    const given = batch.events.map((event) => ({ chain, epoch, ...event }))
    const stored = this.of(chain)
    const head = stored.at(-1)
    for (const event of given) {
      const same = stored.find((other) => other.epoch === epoch && other.seq === event.seq)
      const isBehind = head !== undefined && head.epoch > epoch
      if (head !== undefined && (isBehind || (same !== undefined && same.hash !== event.hash)))
        return { outcome: 'forked', head: { epoch: head.epoch, seq: head.seq, hash: head.hash } }
      const id = String(JSON.parse(event.body).id)
      if (same === undefined && (this.refuses.has(id) || this.#ids.has(id)))
        return { outcome: 'refused', id, reason: 'its id is taken' }
    }
    const news = given.filter(
      (event) => !stored.some((other) => other.epoch === epoch && other.seq === event.seq),
    )
    this.batches.push({ chain, epoch, ...batch })
    this.events.push(...news)
    for (const { body } of news) this.#ids.add(String(JSON.parse(body).id))
    for (const row of batch.rejected)
      if (!this.rejected.some(({ id }) => id === row.id)) this.rejected.push(row)
    if (batch.directory !== null) this.directory.set(chain, batch.directory)
    return { outcome: 'stored' }
  }

  #forget(user: string): boolean {
    this.directory.delete(user)
    return true
  }
}
