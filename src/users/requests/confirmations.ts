import type { GrantTable } from '../grants/grant-table.ts'
import type { WakeTime } from '../base/wake-time.ts'
import { MOST_CONFIRMATIONS } from '../bounds.ts'

const PREFIX = 'confirmation:'

/** A question that its user has answered, as /mcp tells it: the rest of it is encrypted in what the client carries. */
export interface UsedConfirmation {
  grant: string
  nonce: string
  /** Names the one request that uses it, so that the same message may come twice. */
  attempt: string
  endsAtSeconds: number
}

/** What `/mcp` asks of a User about questions. It bears being called twice. */
export interface ConfirmationApi {
  /** `used`: somebody was here with this answer before. `over`: too late, too many, or the grant has ended. */
  useConfirmation(used: UsedConfirmation): Promise<ConfirmationUse>
}
export type ConfirmationUse = 'done' | 'used' | 'over'

interface Row {
  attempt: string
  endsAtSeconds: number
}

export interface ConfirmationDeps {
  nowSeconds: () => number
  grants: GrantTable
  wake: WakeTime
}

/** Answers that were used, until they would be too old anyway: an answer is for one call. Synchronous, so one act. */
export class Confirmations {
  readonly #kv: DurableObjectStorage['kv']
  readonly #parts: ConfirmationDeps

  constructor(kv: DurableObjectStorage['kv'], parts: ConfirmationDeps) {
    this.#kv = kv
    this.#parts = parts
  }

  use({ grant, nonce, attempt, endsAtSeconds }: UsedConfirmation): ConfirmationUse {
    const { nowSeconds, grants, wake } = this.#parts
    if (grants.readLive(grant) === null || endsAtSeconds <= nowSeconds()) return 'over'
    const earlier = this.#kv.get<Row>(PREFIX + nonce)
    if (earlier !== undefined) return earlier.attempt === attempt ? 'done' : 'used'
    if (this.#all().length >= MOST_CONFIRMATIONS) return 'over'
    this.#kv.put(PREFIX + nonce, { attempt, endsAtSeconds })
    wake.noLaterThan(endsAtSeconds)
    return 'done'
  }

  sweep(): void {
    const now = this.#parts.nowSeconds()
    for (const [key, { endsAtSeconds }] of this.#all()) if (endsAtSeconds <= now) this.#kv.delete(key)
  }

  nextSeconds(): number | null {
    const ends = this.#all().map(([, { endsAtSeconds }]) => endsAtSeconds)
    return ends.length === 0 ? null : Math.min(...ends)
  }

  /** All before the first is deleted: the iterator is live. */
  #all(): [string, Row][] {
    return Array.from(this.#kv.list<Row>({ prefix: PREFIX }))
  }
}
