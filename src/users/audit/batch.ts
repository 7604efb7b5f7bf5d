import { type ChainedEvent, hashOf } from '#events/chain.ts'
import type { AuditEvent } from '#events/event.ts'
import type { Batch, DirectoryEntry, RejectedEvent } from '#events/store.ts'
import type { Chain } from './chain-state.ts'
import { type EventOrigin, type ReadyEvent, readyEvent, rejectedEvent } from './event-body.ts'
import type { EventSource, WaitingEvent } from './sequence.ts'

const MOST_BYTES = 500_000

/** An event with its own number, and its body or why it has none. */
interface Slot extends Omit<WaitingEvent, 'event'> {
  ready: ReadyEvent
}

/** A batch whose events do not change any more. */
export interface FrozenBatch {
  chain: Chain
  slots: readonly Slot[]
}

export interface BuiltBatch {
  batch: Batch
  /** The events and their own numbers; `chain.opened` has none. */
  events: readonly { seq: number; own: number | null; event: AuditEvent }[]
}

/** The events of all sources in order. A number that no source has was lost by a failed write. */
export function slotsOf(
  origin: EventOrigin,
  { shipped, refused }: Chain,
  { to, sources }: { to: number; sources: readonly EventSource[] },
): Slot[] {
  const waiting = sources
    .flatMap((source) => source.waiting(shipped + 1, to))
    .toSorted((a, b) => a.seq - b.seq)
  const slots: Slot[] = []
  let next = shipped + 1
  for (const { event, ...given } of waiting) {
    for (; next < given.seq; next += 1)
      slots.push({ seq: next, id: '', atMs: given.atMs, ready: { reason: 'missing', text: '{}' } })
    const ready = readyEvent(origin, { ...given, event })
    const refusal = refused.find(({ seq }) => seq === given.seq)
    const isRefused = refusal !== undefined && 'body' in ready
    slots.push({ ...given, ready: isRefused ? { reason: refusal.reason, text: ready.body } : ready })
    next = given.seq + 1
  }
  return slots
}

/** As many events as one batch may have, at least one. */
export function fitting(slots: readonly Slot[]): Slot[] {
  let bytes = 0
  const end = slots.findIndex(({ ready }, at) => {
    bytes += new TextEncoder().encode('body' in ready ? ready.body : ready.text).length
    return at > 0 && bytes > MOST_BYTES
  })
  return end === -1 ? [...slots] : slots.slice(0, end)
}

/**
 * Numbers and hashes the events as D1 gets them. The same frozen events give the same bytes.
 * @step audit 3 numbers and hashes
 */
export async function buildBatch(
  origin: EventOrigin,
  { chain, slots }: FrozenBatch,
  directory: DirectoryEntry | null,
): Promise<BuiltBatch> {
  const { epoch } = chain
  const events: Omit<ChainedEvent, 'chain' | 'epoch'>[] = []
  const rejected: RejectedEvent[] = []
  const built: { seq: number; own: number | null; event: AuditEvent }[] = []
  let { seq, hash } = chain
  const add = async (own: number | null, event: AuditEvent, body: string) => {
    seq += 1
    hash = await hashOf(hash, { chain: origin.user, epoch, seq }, body)
    events.push({ seq, body, hash })
    built.push({ seq, own, event })
  }
  if (seq === 0) {
    const { id, atMs, previous } = chain.opened
    const opened = readyEvent(origin, { seq: 0, id, atMs, event: { type: 'chain.opened', previous } })
    if ('reason' in opened) throw new Error(`chain.opened does not fit: ${opened.reason}`)
    await add(null, opened.event, opened.body)
  }
  for (const slot of slots) {
    if ('body' in slot.ready) {
      await add(slot.seq, slot.ready.event, slot.ready.body)
      continue
    }
    const { event, body, rejected: row } = await rejectedEvent(origin, { epoch, ...slot }, slot.ready)
    await add(slot.seq, event, body)
    rejected.push({ id: row.id, seq, reason: row.reason, body: row.text })
  }
  return { batch: { chain: origin.user, epoch, events, rejected, directory }, events: built }
}
