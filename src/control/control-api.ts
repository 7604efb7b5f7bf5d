import type { Switch } from '#policy/switches.ts'
import type { Head } from './head.ts'

/** A document that waits for a second editor, because it widens access. */
export interface PendingDocument {
  hash: string
  /** The name of the editor's object; null: it came with a deployment. */
  by: string | null
  /** The id of the act that proposed it. */
  act: string | null
  /** The hash of the policy that it replaces; once another one is in force, it cannot be confirmed. */
  base: string
  atMs: number
  /** What it widens, one sentence each. */
  widens: string[]
  how: HistoryEntry['how']
}

export interface HistoryEntry {
  hash: string
  /** null: it came with a deployment. */
  by: string | null
  /** The second editor; null: none was needed. */
  confirmedBy: string | null
  act: string | null
  atMs: number
  how: 'deployed' | 'applied' | 'rolled-back'
}

export interface ControlState {
  head: Head
  pending: PendingDocument | null
  /** The newest first, at most 100. */
  history: HistoryEntry[]
}

/** Who changes the policy, from the operator API. */
export interface Editor {
  /** The name of the editor's object. */
  user: string
  /** The id of the act, already recorded in the editor's chain. */
  act: string
}

export type ApplyOutcome =
  | { outcome: 'in-force'; hash: string }
  /** It widens access, so another editor confirms it. */
  | { outcome: 'pending'; hash: string; widens: string[] }
  | { outcome: 'unchanged'; hash: string }
  /** The policy in force is not the one that the editor saw. */
  | { outcome: 'moved-on'; inForce: string }
  | { outcome: 'invalid'; problems: string[] }
  /** Not every replica has answered. The change is stored and is tried again by an alarm. */
  | { outcome: 'not-everywhere'; hash: string }

export type ConfirmOutcome = ApplyOutcome | { outcome: 'same-editor' } | { outcome: 'nothing-pending' }

export type SwitchOutcome = 'done' | 'not-everywhere' | 'too-many' | 'unknown'

/**
 * RPC of the object Control. The one named `control` decides; those named `replica-0` to `replica-3` hold copies of the head
 * and the documents, which it writes before it reports a change as done.
 */
export interface ControlApi {
  /** Both: the head, or null before the first deployment was adopted. */
  readHead(): Promise<Head | null>
  /** Both: the canonical JSON of a document; null: unknown. */
  readDocument(hash: string): Promise<string | null>
  /** Replicas: takes a newer head with the document that it names; keeps its own if that is newer. */
  takeHead(head: Head, document: string): Promise<void>
  /**
   * `text`: the document that the deployment carries, as JSON. Idempotent by its hash; one that is known changes nothing.
   * null: it is not valid (log event `policy.not-adopted`), and there is no other.
   */
  adopt(text: string): Promise<Head | null>
  state(): Promise<ControlState>
  /** `base`: the hash that the editor saw in force. `isShared`: whether widening needs a second editor. */
  apply(text: string, base: string, editor: Editor, isShared: boolean): Promise<ApplyOutcome>
  rollBack(hash: string, base: string, editor: Editor, isShared: boolean): Promise<ApplyOutcome>
  confirm(hash: string, editor: Editor): Promise<ConfirmOutcome>
  drop(hash: string, editor: Editor): Promise<'done' | 'nothing-pending'>
  switchOff(one: Switch): Promise<SwitchOutcome>
  switchOn(id: string): Promise<SwitchOutcome>
}
