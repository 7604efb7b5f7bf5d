import { log } from '#lib/log.ts'
import { PolicyDocument } from '#policy/document.ts'
import { MOST_SWITCHES, type Switch } from '#policy/switches.ts'
import type {
  ApplyOutcome,
  ConfirmOutcome,
  ControlState,
  Editor,
  HistoryEntry,
  SwitchOutcome,
} from './control-api.ts'
import type { ControlStore } from './control-store.ts'
import { readPolicyText, shortHash, type ValidDocument } from './documents.ts'
import type { Head } from './head.ts'
import type { ReplicaService } from './replicas.ts'

const MOST_BUNDLES = 50
const LOG_MS = 60_000

export interface PrimaryDeps {
  store: ControlStore
  replicas: ReplicaService
  nowMs: () => number
  /** Sets the alarm: replicas that are behind, and ends of switches. */
  wake: () => void
  /** Problems of a valid document with what this deployment offers. */
  lint: (document: PolicyDocument) => string[]
  /** One sentence for each thing that the second allows and the first does not. */
  widens: (before: PolicyDocument, after: PolicyDocument) => string[]
  /** Whether a deployment that widens access needs an editor. */
  isShared: () => boolean
}

type Change = Pick<HistoryEntry, 'by' | 'act' | 'how'>
type NamedOutcome = Extract<ApplyOutcome, { hash: string }>

/**
 * What the object named `control` decides. Each change reads and writes without an `await` in between, is stored first,
 * then brought to the replicas, then reported.
 */
export class PrimaryService {
  readonly #deps: PrimaryDeps
  #loggedMs = -Infinity

  constructor(deps: PrimaryDeps) {
    this.#deps = deps
  }

  async adopt(text: string): Promise<Head | null> {
    const read = await readPolicyText(text)
    const { store } = this.#deps
    if (!read.ok) return this.#refuse(null, read.error)
    const { hash } = read.value.policy
    const head = store.head()
    const change = { by: null, act: null, how: 'deployed' } as const
    if (head !== null && this.#isFreeNow(head, hash)) this.#force(read.value, change, null)
    else if (head?.bundles.includes(hash) === true) return head
    else if (head === null || !this.#isKnown(hash)) {
      const problems = this.#deps.lint(read.value.document)
      if (problems.length > 0) return this.#refuse(hash, problems)
      const isFree = head === null || !this.#deps.isShared()
      const widens = isFree ? [] : this.#widens(head, read.value.document)
      if (head === null || widens.length === 0) this.#force(read.value, change, null)
      else this.#wait(head, read.value, change, widens)
    }
    const next = this.#lookedAt(hash)
    await this.#settle()
    return next
  }

  state(): ControlState {
    const { store } = this.#deps
    return { head: this.#head(), pending: store.pending(), history: store.history() }
  }

  async apply(text: string, base: string, editor: Editor, isShared: boolean): Promise<ApplyOutcome> {
    const read = await readPolicyText(text)
    if (!read.ok) return { outcome: 'invalid', problems: read.error }
    const problems = this.#deps.lint(read.value.document)
    if (problems.length > 0) return { outcome: 'invalid', problems }
    return this.#change(read.value, base, { by: editor.user, act: editor.act, how: 'applied' }, isShared)
  }

  /** Not linted: what was in force yesterday may name a tool that is gone today. */
  async rollBack(hash: string, base: string, editor: Editor, isShared: boolean): Promise<ApplyOutcome> {
    const text = this.#deps.store.document(hash)
    if (text === null) return { outcome: 'invalid', problems: ['no document of the history has this hash'] }
    const read = await readPolicyText(text)
    if (!read.ok) return { outcome: 'invalid', problems: read.error }
    return this.#change(read.value, base, { by: editor.user, act: editor.act, how: 'rolled-back' }, isShared)
  }

  async confirm(hash: string, editor: Editor): Promise<ConfirmOutcome> {
    const { store } = this.#deps
    const read = await readPolicyText(store.document(hash) ?? '')
    const pending = store.pending()
    if (pending?.hash !== hash) {
      // The answer to the first attempt was lost.
      const [newest] = store.history()
      if (newest?.hash !== hash || newest.confirmedBy !== editor.user) return { outcome: 'nothing-pending' }
      return this.#publish({ outcome: 'in-force', hash })
    }
    if (pending.by === editor.user) return { outcome: 'same-editor' }
    const { policy: inForce } = this.#head()
    if (pending.base !== inForce) return { outcome: 'moved-on', inForce }
    if (!read.ok) return { outcome: 'invalid', problems: read.error }
    const { by, act, how } = pending
    this.#force(read.value, { by, act: act ?? editor.act, how }, editor.user)
    return this.#publish({ outcome: 'in-force', hash })
  }

  drop(hash: string): 'done' | 'nothing-pending' {
    const { store } = this.#deps
    if (store.pending()?.hash !== hash) return 'nothing-pending'
    store.atomically(() => {
      store.dropPending()
      store.pruneDocuments()
    })
    return 'done'
  }

  async switchOff(one: Switch): Promise<SwitchOutcome> {
    const { switches } = this.#head()
    if (switches.some(({ id }) => id === one.id)) return this.#putSwitches(switches)
    const others = this.#running(switches)
    return others.length < MOST_SWITCHES ? this.#putSwitches([...others, one]) : 'too-many'
  }

  async switchOn(id: string): Promise<SwitchOutcome> {
    const { switches } = this.#head()
    if (!switches.some((one) => one.id === id)) return 'unknown'
    return this.#putSwitches(this.#running(switches).filter((one) => one.id !== id))
  }

  /** The alarm: removes switches that ended, and writes to the replicas that are behind. */
  async tidy(): Promise<void> {
    const head = this.#deps.store.head()
    if (head === null) return
    const running = this.#running(head.switches)
    if (running.length < head.switches.length) this.#put({ ...head, switches: running })
    await this.#settle()
  }

  /** In milliseconds since 1970: when the next switch ends. */
  nextEndMs(): number | null {
    const ends = (this.#deps.store.head()?.switches ?? []).flatMap(({ untilMs }) => untilMs ?? [])
    return ends.length === 0 ? null : Math.min(...ends)
  }

  async #change(
    document: ValidDocument,
    base: string,
    change: Change,
    isShared: boolean,
  ): Promise<ApplyOutcome> {
    const { store } = this.#deps
    const { hash } = document.policy
    const head = this.#head()
    if (head.policy === hash) {
      const isRetry = store.history()[0]?.act === change.act
      return this.#publish({ outcome: isRetry ? 'in-force' : 'unchanged', hash })
    }
    const pending = store.pending()
    if (pending?.hash === hash && pending.act === change.act)
      return { outcome: 'pending', hash, widens: pending.widens }
    if (head.policy !== base) return { outcome: 'moved-on', inForce: head.policy }
    const widens = isShared ? this.#widens(head, document.document) : []
    if (widens.length > 0) {
      this.#wait(head, document, change, widens)
      return { outcome: 'pending', hash, widens }
    }
    this.#force(document, change, null)
    return this.#publish({ outcome: 'in-force', hash })
  }

  /** A deployment's document that waits, and no longer needs an editor since the setting changed. */
  #isFreeNow(head: Head, hash: string): boolean {
    const pending = this.#deps.store.pending()
    const isWaiting = pending?.hash === hash && pending.by === null && pending.base === head.policy
    return isWaiting && !this.#deps.isShared()
  }

  /** A document that was looked at before, in force or not. */
  #isKnown(hash: string): boolean {
    const { store } = this.#deps
    return store.pending()?.hash === hash || store.history().some((entry) => entry.hash === hash)
  }

  #widens(head: Head, after: PolicyDocument): string[] {
    const text = this.#deps.store.document(head.policy)
    if (text === null) throw new Error('the document in force is not stored')
    return this.#deps.widens(PolicyDocument.parse(JSON.parse(text)), after)
  }

  #wait(head: Head, { text, policy: { hash } }: ValidDocument, change: Change, widens: string[]): void {
    const { store, nowMs } = this.#deps
    store.atomically(() => {
      store.putPending({ ...change, hash, base: head.policy, atMs: nowMs(), widens })
      store.putDocument(hash, text)
      store.pruneDocuments()
    })
    log.warn('policy.waits', { hash: shortHash(hash), how: change.how, widens: widens.length })
  }

  #force(document: ValidDocument, change: Change, confirmedBy: string | null): void {
    const { store, nowMs } = this.#deps
    const { hash } = document.policy
    const head = store.head() ?? { sequence: 0, policy: hash, switches: [], bundles: [] }
    store.atomically(() => {
      store.putDocument(hash, document.text)
      store.addHistory({ ...change, hash, confirmedBy, atMs: nowMs() })
      if (store.pending()?.hash === hash) store.dropPending()
      store.pruneDocuments()
      this.#put({ ...head, policy: hash })
    })
    log.info('policy.in-force', { hash: shortHash(hash), how: change.how })
  }

  /** By the clock, so that the sequence grows even if rows are lost. */
  #put(head: Head): Head {
    const next = { ...head, sequence: Math.max(head.sequence + 1, this.#deps.nowMs()) }
    this.#deps.store.putHead(next)
    return next
  }

  /**
   * false: not all replicas have the change. The alarm is set with it: after a crash it brings to the replicas what they do
   * not have.
   */
  async #settle(): Promise<boolean> {
    this.#deps.wake()
    const isEverywhere = await this.#deps.replicas.publish()
    this.#deps.wake()
    return isEverywhere
  }

  /** A deployment brought this document, so it need not be looked at again. */
  #lookedAt(hash: string): Head {
    const head = this.#head()
    const bundles = [...head.bundles.filter((one) => one !== hash), hash].slice(-MOST_BUNDLES)
    return this.#put({ ...head, bundles })
  }

  async #putSwitches(switches: Switch[]): Promise<SwitchOutcome> {
    this.#put({ ...this.#head(), switches })
    return (await this.#settle()) ? 'done' : 'not-everywhere'
  }

  #running(switches: readonly Switch[]): Switch[] {
    const now = this.#deps.nowMs()
    return switches.filter(({ untilMs }) => untilMs === null || untilMs > now)
  }

  async #publish(outcome: NamedOutcome): Promise<NamedOutcome> {
    return (await this.#settle()) ? outcome : { outcome: 'not-everywhere', hash: outcome.hash }
  }

  #head(): Head {
    const head = this.#deps.store.head()
    if (head === null) throw new Error('no policy is in force: no document of a deployment was adopted')
    return head
  }

  /** Each isolate asks again from time to time, since another release may accept the document. One line a minute. */
  #refuse(hash: string | null, problems: string[]): Head | null {
    const now = this.#deps.nowMs()
    if (now - this.#loggedMs >= LOG_MS) {
      this.#loggedMs = now
      log.error('policy.not-adopted', { hash: hash === null ? null : shortHash(hash), problems })
    }
    return this.#deps.store.head()
  }
}
