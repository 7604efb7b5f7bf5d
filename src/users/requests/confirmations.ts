import { z } from 'zod'
import { earliest, PrefixTable } from '../base/table.ts'
import type { WakeTime } from '../base/wake-time.ts'
import { MOST_CONFIRMATIONS } from '../bounds.ts'
import type { GrantTable } from '../grants/grant-table.ts'

/** The use of a user's answer to a question. The answer itself is encrypted in the state that the client sends. */
export interface Confirmation {
  grant: string
  nonce: string
  /** The call that uses it, so that a retry of that call is accepted. */
  attempt: string
  endsAtSeconds: number
}

const UsedNonce = z.object({ attempt: z.string(), endsAtSeconds: z.number() })

interface ConfirmationDeps {
  nowSeconds: () => number
  grants: GrantTable
  wake: WakeTime
}

/** The used answers, until they expire: each is valid for one call. Synchronous, so each use is one act. */
export class ConfirmationTable {
  readonly #table: PrefixTable<z.infer<typeof UsedNonce>>
  readonly #deps: ConfirmationDeps

  constructor(kv: DurableObjectStorage['kv'], deps: ConfirmationDeps) {
    this.#table = new PrefixTable(kv, 'confirmation:', UsedNonce)
    this.#deps = deps
  }

  /** False: another call used this answer, it expired, too many are stored, or the grant ended. */
  use({ grant, nonce, attempt, endsAtSeconds }: Confirmation): boolean {
    const { nowSeconds, grants, wake } = this.#deps
    if (grants.readLive(grant) === null || endsAtSeconds <= nowSeconds()) return false
    const earlier = this.#table.read(nonce)
    if (earlier !== null) return earlier.attempt === attempt
    if (this.#table.all().length >= MOST_CONFIRMATIONS) return false
    this.#table.write(nonce, { attempt, endsAtSeconds })
    wake.noLaterThan(endsAtSeconds)
    return true
  }

  /** The answer that this call used may be used again. */
  giveBack(call: string): void {
    this.#table.deleteWhere(({ attempt }) => attempt === call)
  }

  sweep(): void {
    const now = this.#deps.nowSeconds()
    this.#table.deleteWhere(({ endsAtSeconds }) => endsAtSeconds <= now)
  }

  nextSeconds(): number | null {
    return earliest(this.#table.all().map(([, { endsAtSeconds }]) => endsAtSeconds))
  }
}
