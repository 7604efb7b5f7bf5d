import { GENESIS, hashOf } from '#events/chain.ts'
import { AuditEvent } from '#events/event.ts'
import { clock } from '../calls/worker.ts'
import type { Appended, AuditStore, Batch } from '#events/store.ts'

/** More than one batch. */
const MOST_RECENT = 1000

/** An audit log that checks each event of one chain and keeps its counts only, so that it may be long. */
export class LongAuditLog implements AuditStore {
  /** When it does not answer; null: it does. */
  outage: { fromMs: number; untilMs: number } | null = null
  /** Events of each type. Those that are counted in one event count as often as it says. */
  readonly counts = new Map<string, number>()
  readonly faults: string[] = []
  /** Calls that began in an event of their own and have not ended. */
  readonly open = new Set<string>()
  readonly outcomes = new Map<string, number>()
  rejected = 0
  /** Events that were sent again. */
  repeats = 0
  #head = { epoch: 1, seq: 0, hash: GENESIS }
  /** One batch after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  readonly #recent = new Map<number, string>()
  #ids = new Set<string>()
  #transactions = new Set<string>()

  get #isDown(): boolean {
    if (this.outage === null) return false
    return clock.nowMs >= this.outage.fromMs && clock.nowMs < this.outage.untilMs
  }

  get head() {
    return this.#head
  }

  append(batch: Batch): Promise<Appended> {
    const answer = this.#turn.then(() => this.#append(batch))
    this.#turn = answer
    return answer
  }

  async #append(batch: Batch): Promise<Appended> {
    if (this.#isDown) return { outcome: 'unavailable', detail: 'down' }
    this.rejected += batch.rejected.length
    for (const event of batch.events) {
      const { seq, body, hash } = event
      // Idempotent like D1: a busy machine may answer after the object's deadline.
      if (this.#recent.get(seq) === hash) {
        this.repeats += 1
        continue
      }
      const { epoch } = this.#head
      if (batch.epoch !== epoch || seq !== this.#head.seq + 1) this.#fault(`${batch.epoch}.${seq}: its place`)
      const expected = await hashOf(this.#head.hash, { chain: batch.chain, epoch, seq }, body)
      if (hash !== expected) this.#fault(`${epoch}.${seq}: its hash`)
      this.#head = { epoch, seq, hash }
      this.#recent.set(seq, hash)
      this.#recent.delete(seq - MOST_RECENT)
      this.#count(AuditEvent.parse(JSON.parse(body)))
    }
    return { outcome: 'stored' }
  }

  async forget(): Promise<boolean> {
    return true
  }

  /** Ids and transactions of a month are compared with each other only: that keeps the memory flat. */
  beginMonth(): void {
    this.#ids = new Set()
    this.#transactions = new Set()
  }

  #count(event: AuditEvent): void {
    if (this.#ids.has(event.id)) this.#fault(`${event.id}: twice`)
    this.#ids.add(event.id)
    const times = 'count' in event ? event.count : 1
    add(this.counts, event.type, times)
    if (event.type === 'call' || event.type === 'call.began') {
      if (this.#transactions.has(event.transaction)) this.#fault(`${event.transaction}: a second intent`)
      this.#transactions.add(event.transaction)
    }
    if (event.type === 'call.began') this.open.add(event.transaction)
    if (event.type === 'call.ended' && !this.open.delete(event.transaction ?? ''))
      this.#fault(`${event.transaction}: an outcome without its intent`)
    if (event.type === 'call' || event.type === 'call.ended') add(this.outcomes, event.outcome, 1)
  }

  #fault(fault: string): void {
    if (this.faults.length < MOST_RECENT) this.faults.push(fault)
  }
}

export const add = (counts: Map<string, number>, name: string, times: number): void =>
  void counts.set(name, (counts.get(name) ?? 0) + times)
