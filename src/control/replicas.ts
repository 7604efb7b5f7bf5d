import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { retryOnce } from '#lib/retry-once.ts'
import type { ControlApi } from './control-api.ts'
import type { ControlStore } from './control-store.ts'

export const PRIMARY = 'control'
export const REPLICAS = ['replica-0', 'replica-1', 'replica-2', 'replica-3'] as const

const FIRST_RETRY_MS = 2_000
const LAST_RETRY_MS = 60_000

export interface ReplicaDeps {
  store: ControlStore
  reach: (name: string) => Pick<ControlApi, 'takeHead'>
  deadlineMs: number
}

/** Brings the head of the primary to its replicas. A replica keeps what is newer, so every step can be repeated. */
export class ReplicaService {
  readonly #deps: ReplicaDeps
  #failures = 0

  constructor(deps: ReplicaDeps) {
    this.#deps = deps
  }

  /** Whether a replica has not confirmed the head. */
  isBehind(): boolean {
    return this.#behind().length > 0
  }

  /** In milliseconds: when those that did not answer are tried again. */
  retryAfterMs(): number {
    return Math.min(FIRST_RETRY_MS * 2 ** this.#failures, LAST_RETRY_MS)
  }

  /** Writes to all replicas at once, each within the deadline. false: not all of them have answered. */
  async publish(): Promise<boolean> {
    const { store, reach, deadlineMs } = this.#deps
    const head = store.head()
    if (head === null) return true
    const document = store.document(head.policy)
    if (document === null) throw new Error('the document in force is not stored')
    const names = this.#behind()
    const writes = names.map(async (name) => {
      await retryOnce(deadlineMs, () => reach(name).takeHead(head, document))
      store.confirm(name, head.sequence)
    })
    const answers = await Promise.allSettled(writes)
    const silent = names.filter((_name, at) => answers[at]?.status === 'rejected')
    if (silent.length === 0) {
      this.#failures = 0
      return true
    }
    this.#failures += 1
    const detail = answers.flatMap((answer) =>
      answer.status === 'rejected' ? [causeOf(answer.reason)] : [],
    )[0]
    log.error('control.not-everywhere', { replicas: silent, sequence: head.sequence, detail })
    return false
  }

  #behind(): string[] {
    const head = this.#deps.store.head()
    if (head === null) return []
    const confirmed = this.#deps.store.confirmed()
    return REPLICAS.filter((name) => (confirmed.get(name) ?? -1) < head.sequence)
  }
}

const causeOf = (error: unknown): string =>
  error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error'
