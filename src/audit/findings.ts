import type { Place } from '#events/chain.ts'
import type { ListKind, UnprovenList } from './list-proof.ts'

/** What names the last event of a chain: a signed list by its number, the next epoch, or the user's object. */
export type Witness = { kind: ListKind; n: number } | { kind: 'epoch' | 'object' }

interface EventFinding extends Place {
  /** Undefined: the body has no id. */
  id: string | undefined
}

/** One thing that is wrong with the log. */
export type Finding =
  | (EventFinding & { kind: 'changed' | 'inserted' | 'repeated-number' | 'repeated-id' })
  | (EventFinding & { kind: 'reordered'; other: { seq: number; id: string | undefined } })
  /** The first of the events that were moved from the chain `from`. */
  | (EventFinding & { kind: 'moved'; from: string })
  | (EventFinding & { kind: 'wrong-user' })
  | (EventFinding & { kind: 'no-event'; detail: string })
  /** The numbers from `seq` to `upTo`. `witness`: they are missing at the end. */
  | (Place & { kind: 'missing'; upTo: number; witness?: Witness })
  /** Nothing of the chain is there. `upTo`: its last number, as the witness knows it. */
  | (Place & { kind: 'chain-missing'; upTo: number; witness: Witness })
  | (EventFinding & { kind: 'begins-late' })
  | (EventFinding & { kind: 'other-hash'; witness: Witness })
  | (EventFinding & { kind: 'checkpoint-mismatch'; n: number })
  | (EventFinding & { kind: 'epoch-mismatch' })
  /** Events that the user's object never numbered, from `seq` on. */
  | (Place & { kind: 'beyond-object' })
  | { kind: 'unproven-list'; list: ListKind; n: number; reason: UnprovenList['reason'] }
  | { kind: 'other-list'; list: ListKind; n: number }
  | { kind: 'list-digest'; list: ListKind; n: number }
  | { kind: 'list-link'; list: ListKind; n: number }
  | { kind: 'lists-missing'; list: ListKind; n: number; upTo: number }

/** A fact that is not a fault. */
export type Note =
  | (Place & { kind: 'restored' })
  /** Retention has signed its checkpoint and did not finish deleting. */
  | (Place & { kind: 'not-deleted' })
  | { kind: 'no-head' }

const listOf = ({ list, n }: { list: ListKind; n: number }): string => `signed ${list} ${n}`

const numbers = ({ seq, upTo }: { seq: number; upTo: number }): string =>
  seq === upTo ? `number ${seq} is` : `numbers ${seq} to ${upTo} are`

function sayWitness(witness: Witness): string {
  switch (witness.kind) {
    case 'head':
    case 'checkpoint':
      return `signed ${witness.kind} ${witness.n}`
    case 'epoch':
      return 'the next epoch'
    case 'object':
      return "the user's object"
  }
}

function sayUnproven(reason: UnprovenList['reason']): string {
  switch (reason) {
    case 'unreadable':
      return 'the list cannot be read'
    case 'unknown-key':
      return 'the list is signed with another key'
    case 'wrong-signature':
      return 'the signature is wrong'
  }
}

/** Where it is: chain, epoch and number, then the event's id. */
export function placeOf(finding: Finding | Note): string {
  if (!('chain' in finding)) return 'list' in finding ? listOf(finding) : 'log'
  const { chain, epoch, seq } = finding
  const id = 'id' in finding && finding.id !== undefined ? ` ${finding.id}` : ''
  return `${chain} ${epoch}/${seq}${id}`
}

/** One sentence for an operator. */
export function sentenceOf(finding: Finding): string {
  switch (finding.kind) {
    case 'changed':
      return 'the hash does not fit: this event was changed or inserted, or the one before it was replaced'
    case 'inserted':
      return 'this event was inserted; those after it have moved'
    case 'repeated-number':
      return 'the number is there twice; this event is the one that does not belong, or a copy'
    case 'repeated-id':
      return 'another event has the same id'
    case 'reordered': {
      const { seq, id } = finding.other
      return `this event and number ${seq}${id === undefined ? '' : ` (${id})`} were exchanged`
    }
    case 'moved':
      return `events of the chain ${finding.from} are stored under this name`
    case 'wrong-user':
      return 'the event names another user than its chain'
    case 'no-event':
      return `the body is not an event of the schema (${finding.detail})`
    case 'missing':
      return finding.witness === undefined
        ? `${numbers(finding)} missing; the hash of the next event cannot be checked`
        : `${numbers(finding)} missing at the end: ${sayWitness(finding.witness)} names number ${finding.upTo}`
    case 'chain-missing':
      return `the chain is missing: ${sayWitness(finding.witness)} lists it up to number ${finding.upTo}`
    case 'begins-late':
      return 'the chain begins here, and no signed checkpoint says why'
    case 'other-hash':
      return `${sayWitness(finding.witness)} has another hash for this number: this event or an earlier one was changed, and the hashes were computed anew`
    case 'checkpoint-mismatch':
      return `the event does not follow signed checkpoint ${finding.n}: it was changed, or others were removed`
    case 'epoch-mismatch':
      return 'the epoch does not begin with an event that names the last one of the epoch before'
    case 'beyond-object':
      return "the user's object did not number these events: they were inserted, or the object was restored"
    case 'unproven-list':
      return sayUnproven(finding.reason)
    case 'other-list':
      return 'the list of this number is another one than the given head, or is gone'
    case 'list-digest':
      return 'its entries were changed: they do not have the signed digest'
    case 'list-link':
      return 'it does not name the list before it'
    case 'lists-missing':
      return `${numbers({ seq: finding.n, upTo: finding.upTo })} missing among the signed lists`
  }
}

export function noteOf(note: Note): string {
  switch (note.kind) {
    case 'restored':
      return "the user's object was restored to an earlier state; a new epoch follows the one before"
    case 'not-deleted':
      return 'events up to the checkpoint are still there; retention deletes them at its next run'
    case 'no-head':
      return 'no head is signed yet: chains are checked, but a missing chain or a missing end is not noticed'
  }
}
