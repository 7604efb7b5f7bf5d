import { thumbprint } from '#lib/hash.ts'
import { retryOnce } from '#lib/retry-once.ts'
import type { ControlApi } from './control-api.ts'
import type { ControlStore } from './control-store.ts'
import type { Head } from './head.ts'

const MOST_DOCUMENTS = 4

export interface ReplicaCopyDeps {
  store: ControlStore
  primary: () => Pick<ControlApi, 'readHead' | 'readDocument'>
  deadlineMs: number
}

/** A copy of the head and of the newest documents. What it does not have, it asks the primary for. */
export class ReplicaCopy {
  readonly #deps: ReplicaCopyDeps

  constructor(deps: ReplicaCopyDeps) {
    this.#deps = deps
  }

  /** A new replica, or one that lost its rows, takes the head of the primary. Throws if the primary does not answer. */
  async readHead(): Promise<Head | null> {
    const { store, primary, deadlineMs } = this.#deps
    const held = store.head()
    if (held !== null) return held
    const head = await retryOnce(deadlineMs, () => primary().readHead())
    if (head === null) return null
    const document = await retryOnce(deadlineMs, () => primary().readDocument(head.policy))
    if (document === null) throw new Error('the primary does not have the document in force')
    await this.take(head, document)
    return store.head()
  }

  async readDocument(hash: string): Promise<string | null> {
    const { store, primary, deadlineMs } = this.#deps
    return store.document(hash) ?? (await retryOnce(deadlineMs, () => primary().readDocument(hash)))
  }

  /** Compares the hash alone: a replica may run on an earlier release than the primary, which has compiled the document. */
  async take(head: Head, document: string): Promise<void> {
    if ((await thumbprint(document)) !== head.policy)
      throw new Error('a document has another hash than its head')
    const { store } = this.#deps
    const held = store.head()
    if (held !== null && held.sequence >= head.sequence) return
    store.atomically(() => {
      store.putDocument(head.policy, document)
      store.keepNewestDocuments(MOST_DOCUMENTS)
      store.putHead(head)
    })
  }
}
