import { type ChainedEvent, type ChainHead, GENESIS, hashOf } from '#events/chain.ts'
import type { Finding, Note, Witness } from './findings.ts'
import { type ReadEvent, readEvent } from './read-event.ts'

/** What a witness knows of the chain: the hash at one number. */
export interface KnownHash {
  readonly witness: Witness
  readonly seq: number
  readonly hash: string
}

/** An event whose hash does not fit. */
interface Suspect {
  readonly row: Row
  /** The hash before it, as it is stored. */
  readonly previous: string
}

interface Row {
  readonly seq: number
  readonly id: string | undefined
  readonly body: string
  readonly hash: string
}

interface ChainReport {
  found(finding: Finding): void
  noted(note: Note): void
}

/** The most wrong events of one epoch that are compared, to distinguish exchanged events from changed ones. */
const MOST_SUSPECTS = 16

/** Checks the events of one epoch of one chain, in the order of their numbers. Keeps a few events at a time. */
export class EpochCheck {
  readonly #place: { chain: string; epoch: number }
  readonly #checkpoint: { n: number; head: ChainHead } | null
  readonly #known: readonly KnownHash[]
  readonly #report: ChainReport
  #expected: number
  /** Null: events are missing before the next one. */
  #previous: string | null
  /** What the hash of the last event should be. */
  #computed: string | null = null
  #beforeLast: string | null = null
  #last: Row | null = null
  /** It was inserted or exchanged: it says nothing about its number. */
  #isLastExplained = false
  #isLastWrong = false
  /** How many neighbours had changed places. */
  #exchanges = 0
  /** By how much inserted events have moved the numbers. */
  #shift = 0
  #movedFrom: string | null = null
  #suspects: Suspect[] = []
  events = 0
  /** The event of number 1, if its hash fits, and what it follows. Undefined: it is not `chain.opened`. */
  first: { id: string | undefined; follows: ReadEvent['follows'] } | null = null

  constructor(
    place: { chain: string; epoch: number },
    checkpoint: { n: number; head: ChainHead } | null,
    known: readonly KnownHash[],
    report: ChainReport,
  ) {
    this.#place = place
    this.#checkpoint = checkpoint
    this.#report = report
    this.#expected = (checkpoint?.head.seq ?? 0) + 1
    this.#previous = checkpoint?.head.hash ?? GENESIS
    this.#known =
      checkpoint === null
        ? known
        : [...known, { ...checkpoint.head, witness: { kind: 'checkpoint', n: checkpoint.n } }]
  }

  /** The last number, without inserted events. */
  get lastSeq(): number {
    return this.#expected - 1
  }

  /** Null: there is no event, or its hash does not fit. */
  get lastHash(): string | null {
    if (this.#isLastWrong) return null
    return this.#last?.hash ?? this.#checkpoint?.head.hash ?? null
  }

  async take({ seq, body, hash }: ChainedEvent): Promise<void> {
    this.events += 1
    const event = readEvent(body)
    const row: Row = { seq, body, hash, id: event.id }
    if (this.#last?.seq === seq) return this.#takeRepeated(row)
    this.#arriveAt(row)
    const exchanges = this.#exchanges
    const isMoved = await this.#checkHash(row, event.user)
    this.#settleLast()
    const at = this.#at(row)
    if (event.fault !== undefined) this.#report.found({ ...at, kind: 'no-event', detail: event.fault })
    else if (event.user !== this.#place.chain && !isMoved) this.#report.found({ ...at, kind: 'wrong-user' })
    if (seq === 1 && this.#suspects.length === 0) this.first = { id: event.id, follows: event.follows }
    // After an exchange with this event, the last one is where this one belongs.
    this.#last = this.#exchanges > exchanges && this.#last !== null ? { ...this.#last, seq } : row
    this.#isLastExplained = false
    this.#expected = seq - this.#shift + 1
  }

  async end(): Promise<void> {
    this.#settleLast()
    this.#isLastWrong = this.#suspects.some(({ row }) => row === this.#last)
    await this.#judgeSuspects()
    const furthest = this.#known.toSorted((one, other) => other.seq - one.seq)[0]
    // Retention may have removed more while an export was written.
    const from = Math.max(this.#expected, (this.#checkpoint?.head.seq ?? 0) + 1)
    if (furthest === undefined || furthest.seq < from) return
    const { seq: upTo, witness } = furthest
    if (this.events === 0 && this.#checkpoint === null)
      this.#report.found({ ...this.#place, kind: 'chain-missing', seq: 1, upTo, witness })
    else this.#report.found({ ...this.#place, kind: 'missing', seq: from, upTo, witness })
  }

  #at({ seq, id }: Row) {
    return { ...this.#place, seq, id }
  }

  /** Names the numbers before this event that are missing. */
  #arriveAt(row: Row): void {
    const number = row.seq - this.#shift
    const deleted = this.#checkpoint?.head.seq ?? 0
    if (number <= deleted && this.#last === null) {
      this.#report.noted({ ...this.#place, kind: 'not-deleted', seq: number })
      this.#expected = number
      this.#previous = number === 1 ? GENESIS : null
    }
    if (number <= this.#expected) return
    const isAfterCheckpoint = number === deleted + 1 && this.#checkpoint !== null
    this.#previous = isAfterCheckpoint ? (this.#checkpoint?.head.hash ?? null) : null
    this.#computed = null
    const from = Math.max(this.#expected, deleted + 1)
    if (from >= number) return
    if (from === 1) this.#report.found({ ...this.#at(row), kind: 'begins-late' })
    else this.#report.found({ ...this.#place, kind: 'missing', seq: from, upTo: number - 1 })
  }

  /** True: the event belongs to the chain that it names, not to this one. */
  async #checkHash(row: Row, user: string | undefined): Promise<boolean> {
    const previous = this.#previous
    const computed = previous === null ? null : await this.#hash(previous, row)
    const step = (mayFollow: string) => {
      this.#beforeLast = previous
      this.#computed = computed
      this.#previous = mayFollow
    }
    if (previous === null || computed === row.hash) {
      step(row.hash)
      return this.#movedFrom !== null
    }
    // Only the stored hash of the event before was changed.
    if (this.#computed !== null && (await this.#hash(this.#computed, row)) === row.hash) {
      step(row.hash)
      return this.#movedFrom !== null
    }
    if (user !== undefined && user !== this.#place.chain && this.#movedFrom === null) {
      if ((await hashOf(previous, { ...this.#numberOf(row), chain: user }, row.body)) === row.hash) {
        this.#movedFrom = user
        this.#report.found({ ...this.#at(row), kind: 'moved', from: user })
        step(row.hash)
        return true
      }
    }
    const exchanged = await this.#explainByLast(row)
    step(exchanged ?? row.hash)
    if (exchanged === null) this.#suspects.push({ row, previous })
    if (this.#suspects.length > MOST_SUSPECTS) this.#reportChanged(this.#suspects.shift())
    return this.#movedFrom !== null
  }

  /** The hash that the next event follows, if this event and the last one changed places or the last one was inserted. */
  async #explainByLast(row: Row): Promise<string | null> {
    const last = this.#last
    const before = this.#beforeLast
    if (last === null || before === null) return null
    const moved = { ...row, seq: last.seq }
    if ((await this.#hash(before, moved)) !== row.hash) return null
    this.#suspects = this.#suspects.filter((suspect) => suspect.row !== last)
    this.#isLastExplained = true
    if ((await this.#hash(row.hash, { ...last, seq: row.seq })) === last.hash) {
      this.#reportExchanged(last, row)
      this.#exchanges += 1
      return last.hash
    }
    this.#report.found({ ...this.#at(last), kind: 'inserted' })
    this.#shift += 1
    return row.hash
  }

  async #takeRepeated(row: Row): Promise<void> {
    const last = this.#last
    const wasWrong = last !== null && this.#suspects.some((suspect) => suspect.row === last)
    if (wasWrong && this.#beforeLast !== null && (await this.#hash(this.#beforeLast, row)) === row.hash) {
      this.#suspects = this.#suspects.filter((suspect) => suspect.row !== last)
      this.#report.found({ ...this.#at(last), kind: 'repeated-number' })
      this.#last = row
      this.#previous = row.hash
    } else this.#report.found({ ...this.#at(row), kind: 'repeated-number' })
  }

  /** Compares the last event with what witnesses know, once it is certain that it belongs here. */
  #settleLast(): void {
    const last = this.#last
    if (last === null || this.#isLastExplained) return
    if (this.#suspects.some(({ row }) => row === last)) return
    const other = this.#known.find(({ seq, hash }) => seq === this.lastSeq && hash !== last.hash)
    if (other !== undefined)
      this.#report.found({ ...this.#at(last), kind: 'other-hash', witness: other.witness })
  }

  async #judgeSuspects(): Promise<void> {
    while (this.#suspects.length > 0) {
      const [first, ...others] = this.#suspects
      if (first === undefined) return
      this.#suspects = others
      const other = await this.#exchangedWith(first, others)
      if (other === undefined) this.#reportChanged(first)
      else this.#reportExchanged(first.row, other.row)
    }
  }

  /** Finds the event that has the body of `first`, alone or with its hash, and takes it off the list. */
  async #exchangedWith(first: Suspect, others: readonly Suspect[]): Promise<Suspect | undefined> {
    const fits = async (previous: string, place: Row, body: Row, hash: Row) =>
      (await this.#hash(previous, { ...body, seq: place.seq })) === hash.hash
    for (const other of others) {
      const [a, b] = [first.row, other.row]
      if ((await fits(first.previous, a, b, a)) && (await fits(other.previous, b, a, b))) {
        this.#suspects = others.filter((suspect) => suspect !== other)
        return other
      }
      if ((await fits(first.previous, a, b, b)) && (await fits(other.previous, b, a, a))) {
        // The events after these two only seemed wrong.
        const after = [a.seq + 1, b.seq + 1]
        this.#suspects = others.filter((suspect) => suspect !== other && !after.includes(suspect.row.seq))
        return other
      }
    }
    return undefined
  }

  #reportExchanged(one: Row, { seq, id }: Row): void {
    this.#report.found({ ...this.#at(one), kind: 'reordered', other: { seq, id } })
  }

  #reportChanged(suspect: Suspect | undefined): void {
    if (suspect === undefined) return
    const at = this.#at(suspect.row)
    const isAfterCheckpoint = at.seq === (this.#checkpoint?.head.seq ?? -1) + 1
    if (isAfterCheckpoint && this.#checkpoint !== null)
      this.#report.found({ ...at, kind: 'checkpoint-mismatch', n: this.#checkpoint.n })
    else this.#report.found({ ...at, kind: 'changed' })
  }

  #numberOf({ seq }: Row) {
    return { ...this.#place, chain: this.#movedFrom ?? this.#place.chain, seq: seq - this.#shift }
  }

  #hash(previous: string, row: Row): Promise<string> {
    return hashOf(previous, this.#numberOf(row), row.body)
  }
}
