import { z } from 'zod'
import { GENESIS } from '#events/chain.ts'
import type { Appended, AuditStore, DirectoryEntry, OutboxState } from '#events/store.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { within } from '#lib/retry-once.ts'
import type { WakeTime } from '../base/wake-time.ts'
import type { ChainState } from './chain-state.ts'
import type { Directory } from './directory.ts'
import { type BuiltBatch, buildBatch, fitting, type FrozenBatch, slotsOf } from './batch.ts'
import { type EventOrigin, loggedEvent } from './event-body.ts'
import type { EventSource, Sequence } from './sequence.ts'
import type { WebhookService } from './webhook.ts'

const SHIP_AFTER_SECONDS = 2
const MOST_EVENTS = 500
/** Batches of one alarm. The next alarm continues at once. */
const BATCHES = 10
const FIRST_PAUSE_SECONDS = 4
const LONGEST_PAUSE_SECONDS = 300
const STORE_DEADLINE_MS = 10_000

const PAUSE = 'audit-pause'
const Pause = z.object({ failures: z.int(), untilSeconds: z.number() })

interface ShipperDeps {
  kv: DurableObjectStorage['kv']
  nowSeconds: () => number
  chain: ChainState
  sequence: Sequence
  sources: () => readonly EventSource[]
  /** The name of the object, which is that of its chain. */
  user: string
  /** The slug of the product. Throws where the settings are bad. */
  app: () => string
  store: () => AuditStore
  directory: Directory
  wake: Pick<WakeTime, 'noLaterThan'>
  webhooks: Pick<WebhookService, 'add'>
  deadlineMs?: number
}

/** `again`: the same events have to be built anew. `paused`: D1 does not answer. */
type BatchOutcome = 'shipped' | 'empty' | 'again' | 'paused'

/**
 * Ships the events of one user to D1: in order, in batches, until D1 has confirmed them.
 * A retry sends the same bytes: `freeze` is stored before a batch leaves, and rows do not change afterwards.
 */
export class Shipper {
  readonly #deps: ShipperDeps
  #isScheduled = false
  /** Events up to this number are in the log. After a restart some may be there twice. */
  #logged = { epoch: 0, seq: 0 }

  constructor(deps: ShipperDeps) {
    this.#deps = deps
  }

  /** An event gets the number after `last`. */
  note(last: number): void {
    if (this.#isScheduled) return
    this.#deps.chain.begin(last)
    this.#schedule(SHIP_AFTER_SECONDS)
    this.#isScheduled = true
  }

  /** Schedules what waits: after an erasure, or if its alarm was lost. */
  resume(): void {
    if (this.state().waiting > 0 || this.#deps.directory.erasedAtMs !== null) this.#schedule(0)
  }

  state(): OutboxState {
    const { chain, sequence, user } = this.#deps
    const { epoch = 1, seq = 0, hash = GENESIS, shipped = sequence.last } = chain.read() ?? {}
    return { chain: user, epoch, seq, hash, waiting: Math.max(0, sequence.last - shipped) }
  }

  get #origin(): EventOrigin {
    return { app: this.#deps.app(), user: this.#deps.user }
  }

  /**
   * The work of an alarm. Never throws: sweeps must not wait for D1.
   * @step audit 2-6 shipping
   */
  async run(): Promise<void> {
    this.#isScheduled = false
    try {
      await this.#forget()
      for (let count = 0; count < BATCHES; count += 1) {
        const outcome = await this.#shipBatch()
        if (outcome === 'empty' || outcome === 'paused') return
      }
      this.#deps.wake.noLaterThan(this.#deps.nowSeconds(), 'ship')
    } catch (error) {
      this.#pause(error instanceof Error ? `${error.name} ${redacted(error.message)}` : 'unknown')
    }
  }

  async #shipBatch(): Promise<BatchOutcome> {
    const { chain, store, directory, deadlineMs = STORE_DEADLINE_MS } = this.#deps
    const frozen = this.#freezeNext()
    if (frozen === null) return 'empty'
    const entry = await directory.entry()
    const built = await buildBatch(this.#origin, frozen, entry)
    this.#log(built)
    const answer = await within(deadlineMs, store().append(built.batch)).catch(unavailable)
    // No await from here. The alarm of a restarted object may have shipped these events meanwhile.
    const isCurrent = chain.read() === frozen.chain
    if (!isCurrent) return 'again'
    switch (answer.outcome) {
      case 'stored':
        return this.#confirm(frozen, built, entry)
      case 'forked':
        return this.#fork(frozen, answer.head)
      case 'refused':
        return this.#refuse(frozen, built, answer)
      case 'unavailable':
        return this.#pause(answer.detail)
      default:
        return answer satisfies never
    }
  }

  /** The next events, or again those of a batch whose answer never came. */
  #freezeNext(): FrozenBatch | null {
    const { chain: state, sequence, sources } = this.#deps
    const chain = state.read()
    if (chain === null) return null
    const lastRow = Math.max(...sources().map((source) => source.lastSeq()))
    const isRetry = sequence.frozen > chain.shipped
    const to = isRetry ? sequence.frozen : Math.min(lastRow, chain.shipped + MOST_EVENTS)
    if (to <= chain.shipped) return null
    const all = slotsOf(this.#origin, chain, { to, sources: sources() })
    const slots = isRetry ? all : fitting(all)
    const last = slots.at(-1)
    if (last === undefined) return null
    if (!isRetry) sequence.freeze(last.seq)
    return { chain, slots }
  }

  /** Each event is one line of the log, once for each epoch. */
  #log({ batch: { epoch, rejected }, events }: BuiltBatch): void {
    const isNew = ({ seq }: { seq: number }) => epoch !== this.#logged.epoch || seq > this.#logged.seq
    for (const { seq, event } of events.filter(isNew))
      log.info('audit', { ...loggedEvent(event), epoch, seq })
    for (const { id, reason } of rejected.filter(isNew))
      log.error('audit.event-rejected', { id, detail: reason })
    this.#logged = { epoch, seq: events.at(-1)?.seq ?? 0 }
  }

  #confirm(
    { chain, slots }: FrozenBatch,
    { batch, events }: BuiltBatch,
    entry: DirectoryEntry | null,
  ): BatchOutcome {
    const { chain: state, sources, directory, kv, webhooks } = this.#deps
    const [last, shipped] = [batch.events.at(-1), slots.at(-1)?.seq]
    if (last === undefined || shipped === undefined) return 'empty'
    state.advance(chain, { shipped, seq: last.seq, hash: last.hash })
    for (const source of sources()) source.release(shipped)
    if (entry !== null) directory.confirm(entry)
    webhooks.add(events)
    if (this.#paused() !== null) kv.delete(PAUSE)
    return 'shipped'
  }

  /** Two forks in a row mean that D1 contradicts itself: this is treated like an outage. */
  #fork({ chain }: FrozenBatch, head: Extract<Appended, { outcome: 'forked' }>['head']): BatchOutcome {
    log.error('audit.chain-forked', { epoch: chain.epoch, seq: chain.seq, detail: `D1 is at ${head.seq}` })
    const isSecond = chain.seq === 0 && chain.opened.previous !== null
    this.#deps.chain.fork(chain, head)
    return isSecond ? this.#pause('a new epoch was refused') : 'again'
  }

  /** Rejects the event, which keeps its number. If D1 refuses its replacement too, the batch waits. */
  #refuse(
    { chain, slots }: FrozenBatch,
    built: BuiltBatch,
    answer: { id: string; reason: string },
  ): BatchOutcome {
    const own = built.events.find(({ event }) => event.id === answer.id)?.own ?? null
    const slot = slots.find(({ seq }) => seq === own)
    if (slot === undefined || 'reason' in slot.ready) return this.#pause(`D1 refuses: ${answer.reason}`)
    this.#deps.chain.refuse(chain, slot.seq, answer.reason)
    log.error('audit.event-rejected', { id: answer.id, detail: answer.reason })
    return 'again'
  }

  #pause(detail: string): 'paused' {
    const { kv, nowSeconds, sequence, chain } = this.#deps
    const failures = (this.#paused()?.failures ?? 0) + 1
    const seconds = Math.min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** Math.min(10, failures - 1))
    kv.put(PAUSE, { failures, untilSeconds: nowSeconds() + seconds })
    log.error('audit.not-shipped', { detail, failures, waiting: sequence.last - chain.shipped })
    this.#schedule(0)
    return 'paused'
  }

  #paused(): z.infer<typeof Pause> | null {
    const stored = this.#deps.kv.get(PAUSE)
    return stored === undefined ? null : Pause.parse(stored)
  }

  /** Events that arrive during an outage do not shorten its pause. */
  #schedule(afterSeconds: number): void {
    const { wake, nowSeconds } = this.#deps
    const earliest = this.#paused()?.untilSeconds ?? 0
    wake.noLaterThan(Math.max(nowSeconds() + afterSeconds, earliest), 'ship')
  }

  /**
   * @step audit 12 the row of an erased user
   */
  async #forget(): Promise<void> {
    const { directory, store, user, nowSeconds, wake, deadlineMs = STORE_DEADLINE_MS } = this.#deps
    if (directory.erasedAtMs === null) return
    const askedAtMs = nowSeconds() * 1000
    const isForgotten = await within(deadlineMs, store().forget(user)).catch(() => false)
    if (!isForgotten) log.error('audit.not-erased', { detail: 'the directory did not answer' })
    if (!isForgotten || !directory.confirmErased(askedAtMs)) wake.noLaterThan(nowSeconds() + 70, 'ship')
  }
}

const unavailable = (error: unknown): Appended => ({
  outcome: 'unavailable',
  detail: error instanceof Error ? `${error.name} ${redacted(error.message)}` : 'unknown',
})
