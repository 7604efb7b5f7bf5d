import { type ChainedEvent, type ChainHead, HeadListDigest, type Place } from '#events/chain.ts'
import type { OutboxState } from '#events/store.ts'
import { sha256Hex } from '#lib/hash.ts'
import type { Finding, Note } from './findings.ts'
import {
  type AuditPublicKey,
  checkSignature,
  claimsOf,
  type ListKind,
  type SignedList,
  type ListClaims,
} from './list-proof.ts'
import { compareEpochs, type Epoch, Lookahead, nothing } from './lookahead.ts'
import { EpochCheck, type KnownHash } from './verify-chain.ts'

/** Reads one consistent state of an audit log. */
export interface AuditLogReader {
  /** In the order of `n`. */
  lists(kind: ListKind): AsyncIterable<SignedList>
  /** The full list `n`, in the order of chain and epoch. */
  entries(kind: ListKind, n: number): AsyncIterable<ChainHead>
  /** The highest `n` of an entry; 0 without any. */
  lastEntry(kind: ListKind): Promise<number>
  /** In the order of chain, epoch and number. */
  events(): AsyncIterable<ChainedEvent>
  /** Every event whose id another one has too. */
  repeatedIds(): AsyncIterable<Place & { id: string }>
}

/** A signed head with its full list, kept outside the account. */
export interface KeptHead {
  readonly jws: string
  entries(): AsyncIterable<ChainHead>
}

export interface VerifyOptions {
  readonly keys: readonly AuditPublicKey[]
  readonly head?: KeptHead
  /** What the users' objects say, in the order of their chains. */
  readonly states?: AsyncIterable<OutboxState>
}

export interface AuditReport {
  readonly findings: readonly Finding[]
  readonly notes: readonly Note[]
  /** Findings and notes beyond the most that are kept. */
  readonly more: { findings: number; notes: number }
  readonly events: number
  /** Epochs of chains that have events. */
  readonly chains: number
  /** The newest head whose signature and digest are right. */
  readonly head: { n: number; at: string } | null
  /** Events after that head. */
  readonly after: number
  /** Events that wait in users' objects; null: the objects were not asked. */
  readonly waiting: number | null
}

/** The most findings, and the most notes, that are kept. */
const MOST_KEPT = 1000

/** Verifies a log in one pass over its events. Needs the memory of a few events, however many there are. */
export async function verifyLog(log: AuditLogReader, options: VerifyOptions): Promise<AuditReport> {
  return new LogCheck(log, options).run()
}

/** A list while it is read beside the events. */
interface OpenList {
  readonly kind: ListKind
  readonly n: number
  readonly claims: ListClaims | null
  readonly isProven: boolean
  readonly digest: HeadListDigest
  readonly entries: Lookahead<ChainHead>
}

class LogCheck {
  readonly #log: AuditLogReader
  readonly #options: VerifyOptions
  readonly #findings: Finding[] = []
  readonly #notes: Note[] = []
  readonly #more = { findings: 0, notes: 0 }
  #events = 0
  #chains = 0
  #after = 0
  #waiting = 0
  /** The epoch before. `known`: the highest number that a list or the object names. */
  #before: (Epoch & { seq: number; hash: string | null; known: number }) | null = null
  #state: OutboxState | null = null

  constructor(log: AuditLogReader, options: VerifyOptions) {
    this.#log = log
    this.#options = options
  }

  found(finding: Finding): void {
    if (this.#findings.length < MOST_KEPT) this.#findings.push(finding)
    else this.#more.findings += 1
  }

  noted(note: Note): void {
    if (this.#notes.length < MOST_KEPT) this.#notes.push(note)
    else this.#more.notes += 1
  }

  async run(): Promise<AuditReport> {
    const checkpoint = await this.#newest('checkpoint')
    const head = await this.#newest('head')
    const kept = await this.#keptHead()
    if (head === null && kept === null) this.noted({ kind: 'no-head' })
    const lists = [checkpoint, head, kept].filter((list) => list !== null)
    await this.#readEvents(lists)
    for (const list of lists) this.#compareDigest(list)
    for await (const { chain, epoch, seq, id } of this.#log.repeatedIds())
      this.found({ kind: 'repeated-id', chain, epoch, seq, id })
    const proven = [head, kept].filter((list) => list !== null).filter((list) => isSound(list))
    const best = proven.toSorted((one, other) => other.n - one.n)[0]
    return {
      findings: this.#findings,
      notes: this.#notes,
      more: this.#more,
      events: this.#events,
      chains: this.#chains,
      head: best?.claims === null || best === undefined ? null : { n: best.n, at: best.claims.at },
      after: this.#after,
      waiting: this.#options.states === undefined ? null : this.#waiting,
    }
  }

  /** Checks every signed list of a kind and their links, and opens the newest one. */
  async #newest(kind: ListKind): Promise<OpenList | null> {
    // Before the lists: the server may write one meanwhile, with its entries.
    const lastEntry = await this.#log.lastEntry(kind)
    let newest: { n: number; jws: string; claims: ListClaims | null; isProven: boolean } | undefined
    let lastN = 0
    for await (const { n, jws } of this.#log.lists(kind)) {
      if (n > lastN + 1) this.found({ kind: 'lists-missing', list: kind, n: lastN + 1, upTo: n - 1 })
      const proof = await this.#prove(kind, n, jws)
      const previous = newest === undefined ? null : await sha256Hex(newest.jws)
      if (proof.claims !== null && n === lastN + 1 && proof.claims.previous !== previous)
        this.found({ kind: 'list-link', list: kind, n })
      newest = { n, jws, ...proof }
      lastN = n
    }
    if (lastEntry > lastN) this.found({ kind: 'lists-missing', list: kind, n: lastN + 1, upTo: lastEntry })
    if (newest === undefined) return null
    return { ...newest, kind, ...reading(this.#log.entries(kind, lastN)) }
  }

  async #prove(list: ListKind, n: number, jws: string) {
    const checked = await checkSignature(jws, this.#options.keys)
    const claims = checked.ok ? checked.value : checked.error.claims
    const isOther = claims !== null && (claims.kind !== list || claims.n !== n)
    if (!checked.ok) this.found({ kind: 'unproven-list', list, n, reason: checked.error.reason })
    else if (isOther) this.found({ kind: 'unproven-list', list, n, reason: 'wrong-signature' })
    return { claims, isProven: checked.ok && !isOther }
  }

  async #keptHead(): Promise<OpenList | null> {
    const { head } = this.#options
    if (head === undefined) return null
    const n = claimsOf(head.jws)?.n ?? 0
    const proof = await this.#prove('head', n, head.jws)
    let isThere = false
    for await (const list of this.#log.lists('head')) isThere ||= list.n === n && list.jws === head.jws
    if (!isThere) this.found({ kind: 'other-list', list: 'head', n })
    return { ...proof, kind: 'head', n, ...reading(head.entries()) }
  }

  /** Reads events, lists and states side by side, epoch by epoch. */
  async #readEvents(lists: readonly OpenList[]): Promise<void> {
    const events = new Lookahead(this.#log.events())
    const states = new Lookahead(this.#options.states ?? nothing<OutboxState>())
    for (;;) {
      const heads = [events, states, ...lists.map(({ entries }) => entries)]
      const waiting = await Promise.all(heads.map((one) => one.peek()))
      const places = waiting.filter((one) => one !== undefined)
      const [place] = places.toSorted(compareEpochs)
      if (place === undefined) return
      await this.#checkEpoch({ chain: place.chain, epoch: place.epoch }, { events, states, lists })
    }
  }

  async #checkEpoch(
    epoch: Epoch,
    from: { events: Lookahead<ChainedEvent>; states: Lookahead<OutboxState>; lists: readonly OpenList[] },
  ): Promise<void> {
    let checkpoint: { n: number; head: ChainHead } | null = null
    const known: KnownHash[] = []
    let proven = 0
    for (const list of from.lists) {
      const entry = await list.entries.takeOf(epoch)
      if (entry === undefined) continue
      await list.digest.add(entry)
      if (list.kind === 'checkpoint') checkpoint = { n: list.n, head: entry }
      else known.push({ witness: { kind: 'head', n: list.n }, seq: entry.seq, hash: entry.hash })
      if (list.kind === 'head' && list.isProven) proven = Math.max(proven, entry.seq)
    }
    const state = await from.states.takeOf(epoch)
    if (state !== undefined && state.seq > 0)
      known.push({ witness: { kind: 'object' }, seq: state.seq, hash: state.hash })
    const check = new EpochCheck(epoch, checkpoint, known, this)
    for (;;) {
      const event = await from.events.takeOf(epoch)
      if (event === undefined) break
      await check.take(event)
    }
    this.#checkLink(epoch, check, checkpoint !== null)
    await check.end()
    this.#compareState(epoch, state, check)
    this.#events += check.events
    this.#chains += check.events > 0 ? 1 : 0
    this.#after += Math.max(0, check.lastSeq - proven)
    const most = Math.max(0, ...known.map(({ seq }) => seq))
    this.#before = { ...epoch, seq: check.lastSeq, hash: check.lastHash, known: most }
  }

  /** The first event of an epoch names the last one of the epoch before. */
  #checkLink(epoch: Epoch, { first }: EpochCheck, hasCheckpoint: boolean): void {
    // Without its first event, another finding or a checkpoint says why.
    if (first === null || hasCheckpoint) return
    const before = this.#before?.chain === epoch.chain ? this.#before : null
    const { follows } = first
    if (follows !== undefined && follows !== null) this.noted({ ...epoch, seq: 1, kind: 'restored' })
    if (follows === null && before === null && epoch.epoch === 1) return
    const witness = { kind: 'epoch' } as const
    if (follows !== undefined && follows !== null && follows.epoch < epoch.epoch) {
      const { seq: upTo } = follows
      const gone = { chain: epoch.chain, epoch: follows.epoch, upTo, witness }
      if ((before?.epoch ?? 0) < follows.epoch) return this.found({ ...gone, kind: 'chain-missing', seq: 1 })
      if (before?.epoch === follows.epoch && before.seq < upTo) {
        if (before.known < upTo) this.found({ ...gone, kind: 'missing', seq: before.seq + 1 })
        return
      }
      // A hash that does not fit has its own finding.
      const isSame = before?.hash === null || before?.hash === follows.hash
      if (before?.epoch === follows.epoch && before.seq === upTo && isSame) return
    }
    this.found({ ...epoch, seq: 1, id: first.id, kind: 'epoch-mismatch' })
  }

  /** An object knows every number of its newest epoch: the log has it, or it waits. */
  #compareState(epoch: Epoch, state: OutboxState | undefined, check: EpochCheck): void {
    if (state !== undefined) {
      this.#state = state
      this.#waiting += state.waiting
      // `chain.opened` takes a number and waits in no table.
      const given = state.seq + state.waiting + (state.seq === 0 ? 1 : 0)
      if (check.lastSeq > given) this.found({ ...epoch, seq: given + 1, kind: 'beyond-object' })
      return
    }
    const isLater = this.#state?.chain === epoch.chain && epoch.epoch > this.#state.epoch
    if (isLater && check.events > 0) this.found({ ...epoch, seq: 1, kind: 'beyond-object' })
  }

  #compareDigest({ kind, n, claims, digest }: OpenList): void {
    if (claims === null) return
    const { digest: found, count } = digest.value
    if (claims.digest !== found || claims.count !== count) this.found({ kind: 'list-digest', list: kind, n })
  }
}

const isSound = ({ claims, isProven, digest }: OpenList): boolean =>
  isProven && claims !== null && digest.value.digest === claims.digest

const reading = (entries: AsyncIterable<ChainHead>) => ({
  digest: new HeadListDigest(),
  entries: new Lookahead(entries),
})
