import type { ChainedEvent } from './chain.ts'

/** One shipment of a user's object. D1 stores all of it or nothing. */
export interface Batch {
  chain: string
  epoch: number
  /** In the order of their numbers, without gaps. */
  events: readonly Omit<ChainedEvent, 'chain' | 'epoch'>[]
  /** Events that do not fit their schema. `event.rejected` has their numbers in the chain. */
  rejected: readonly RejectedEvent[]
  /** null: nothing about the user changed. */
  directory: DirectoryEntry | null
}

export interface RejectedEvent {
  id: string
  seq: number
  reason: string
  /** Bounded text, as it was to be shipped. */
  body: string
}

/** The user's row outside the chain (decision 26). */
export interface DirectoryEntry {
  /** Encrypted under a root key; null: PingOne gives no name. */
  name: string | null
  /** Keyed hash of the lower-cased name. */
  nameHash: string | null
  /** The username at PingOne, in the same way. */
  username: string | null
  usernameHash: string | null
  seenAtMs: number
}

/**
 * `stored`: D1 has exactly these events. `forked`: it has others at these numbers, so this object was restored to an earlier
 * state; `head` is the last event there. `refused`: it will never take the event `id`. `unavailable`: try again later.
 */
export type Appended =
  | { outcome: 'stored' }
  | { outcome: 'forked'; head: { epoch: number; seq: number; hash: string } }
  | { outcome: 'refused'; id: string; reason: string }
  | { outcome: 'unavailable'; detail: string }

/** The audit log in D1, as a user's object sees it. Idempotent. Never throws. */
export interface AuditStore {
  append(batch: Batch): Promise<Appended>
  /** Deletes the user's row of the directory. False: try again later. */
  forget(user: string): Promise<boolean>
}

/** The state of a user's outbox. */
export interface OutboxState {
  chain: string
  epoch: number
  /** The last event that D1 has confirmed; 0 and '' before the first. */
  seq: number
  hash: string
  /** Events that D1 does not have yet. */
  waiting: number
}
