import { z } from 'zod'
import type { AuditEvent, EventType } from '#events/event.ts'
import { log } from '#lib/log.ts'
import type { WebhookSender } from '#lib/signed-webhook.ts'
import { earliest, PrefixTable } from '../base/table.ts'
import type { WakeTime } from '../base/wake-time.ts'
import { MOST_WEBHOOKS } from '../bounds.ts'
import { loggedEvent } from './event-body.ts'

const SENT: ReadonlySet<EventType> = new Set<EventType>([
  'security',
  'operator.signed-in',
  'operator.began',
  'operator.ended',
  'user.blocked',
  'user.unblocked',
  'user.erased',
])

const FIRST_PAUSE_SECONDS = 30
const LONGEST_PAUSE_SECONDS = 4 * 3600
const LONGEST_WAIT_SECONDS = 24 * 3600
const MOST_REFUSALS = 3
/** If the object dies while it sends, an alarm continues after this time. */
const SENDING_SECONDS = 60

const Row = z.object({
  /** The id of the event. */
  id: z.string(),
  body: z.string(),
  tries: z.int(),
  refusals: z.int(),
  addedAtSeconds: z.number(),
  notBeforeSeconds: z.number(),
})
type Row = z.infer<typeof Row>
type KeyedRow = [key: string, row: Row]

interface WebhookServiceDeps {
  kv: DurableObjectStorage['kv']
  nowSeconds: () => number
  /** null: the settings name no receiver. */
  sender: () => WebhookSender | null
  wake: Pick<WakeTime, 'noLaterThan'>
  afterAnswer: (work: Promise<void>) => void
}

/** An event that D1 has confirmed. `own`: its number among all events of the object; null: it is not of the object. */
export interface ShippedEvent {
  own: number | null
  event: AuditEvent
}

/** Personal fields are left out: the receiver has no use for ciphertexts. */
const bodyOf = (event: AuditEvent): string =>
  JSON.stringify({ type: event.type, timestamp: event.at, data: loggedEvent(event) })

const keyOf = (own: number): string => String(own).padStart(12, '0')

const pauseAfter = (tries: number): number =>
  Math.min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** Math.min(20, tries - 1))

/**
 * Sends security events and acts of operators to the receiver of the settings: at least once, the first time in order.
 * Nothing waits for it: events are in D1 before, and an alarm only starts the sending.
 */
export class WebhookService {
  readonly #deps: WebhookServiceDeps
  readonly #table: PrefixTable<Row>
  #isSending = false

  constructor(deps: WebhookServiceDeps) {
    this.#deps = deps
    this.#table = new PrefixTable(deps.kv, 'webhook:', Row)
  }

  /** Called in the act that confirms a shipment. Keeps the oldest if too many wait. */
  add(shipped: readonly ShippedEvent[]): void {
    const wanted = shipped.flatMap(({ own, event }) =>
      own !== null && SENT.has(event.type) ? [{ own, event }] : [],
    )
    if (wanted.length === 0 || this.#deps.sender() === null) return
    const now = this.#deps.nowSeconds()
    const room = Math.max(0, MOST_WEBHOOKS - this.#table.all().length)
    const times = { addedAtSeconds: now, notBeforeSeconds: now }
    for (const { own, event } of wanted.slice(0, room))
      this.#table.write(keyOf(own), {
        id: event.id,
        body: bodyOf(event),
        tries: 0,
        refusals: 0,
        ...times,
      })
    if (wanted.length > room)
      log.error('webhook.dropped', { count: wanted.length - room, detail: 'too many wait' })
    this.#deps.wake.noLaterThan(now)
  }

  nextSeconds(): number | null {
    const next = earliest(this.#table.all().map(([, { notBeforeSeconds }]) => notBeforeSeconds))
    if (next === null || !this.#isSending) return next
    return Math.max(next, this.#deps.nowSeconds() + SENDING_SECONDS)
  }

  /**
   * Starts to send what is due, and does not wait for it.
   * @step audit 13 a webhook
   */
  start(): void {
    if (this.#isSending) return
    const sender = this.#deps.sender()
    if (sender === null) return this.#dropAll()
    const now = this.#deps.nowSeconds()
    // One that failed before does not hold back the others.
    const due = this.#table
      .all()
      .filter(([, { notBeforeSeconds }]) => notBeforeSeconds <= now)
      .toSorted(([, a], [, b]) => a.tries - b.tries)
    if (due.length > 0) this.#deps.afterAnswer(this.#run(sender, due))
  }

  async #run(sender: WebhookSender, due: readonly KeyedRow[]): Promise<void> {
    this.#isSending = true
    try {
      for (const [at, row] of due.entries()) {
        const outcome = await this.#send(sender, row)
        if (outcome === 'unavailable') {
          this.#holdBack(due.slice(at + 1))
          break
        }
      }
    } finally {
      this.#isSending = false
      this.#deps.wake.noLaterThan(this.nextSeconds())
    }
  }

  async #send(
    sender: WebhookSender,
    [key, before]: KeyedRow,
  ): Promise<'accepted' | 'refused' | 'unavailable'> {
    const tries = before.tries + 1
    const notBeforeSeconds = this.#deps.nowSeconds() + pauseAfter(tries)
    // Written before the request leaves: a try during which the object dies counts too.
    const row = { ...before, tries, notBeforeSeconds }
    this.#table.write(key, row)
    const answer = await sender.send(row.id, row.body)
    if (answer.outcome === 'accepted') {
      this.#table.delete(key)
      return 'accepted'
    }
    const { outcome, detail } = answer
    const refusals = row.refusals + (outcome === 'refused' ? 1 : 0)
    const isTooOld = notBeforeSeconds - row.addedAtSeconds > LONGEST_WAIT_SECONDS
    if (refusals >= MOST_REFUSALS || isTooOld) {
      log.error('webhook.not-delivered', { id: row.id, detail, tries })
      this.#table.delete(key)
    } else {
      log.warn('webhook.delayed', { id: row.id, detail, tries })
      this.#table.write(key, { ...row, refusals })
    }
    return outcome
  }

  /** The receiver did not answer one message, so the others wait a little too. */
  #holdBack(rows: readonly KeyedRow[]): void {
    const notBeforeSeconds = this.#deps.nowSeconds() + FIRST_PAUSE_SECONDS
    for (const [key, row] of rows) this.#table.write(key, { ...row, notBeforeSeconds })
  }

  #dropAll(): void {
    const rows = this.#table.all()
    if (rows.length === 0) return
    for (const [key] of rows) this.#table.delete(key)
    log.error('webhook.dropped', { count: rows.length, detail: 'WEBHOOK_URL is unset' })
  }
}
