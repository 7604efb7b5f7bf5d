import { z } from 'zod'
import { earliest, PrefixTable } from '../base/table.ts'
import type { WakeTime } from '../base/wake-time.ts'
import { MOST_CONFIRMATIONS } from '../bounds.ts'
import type { GrantTable } from '../grants/grant-table.ts'
import type { UserObjectApi } from '../user.ts'

/** The use of a user's answer to a question. The answer itself is encrypted in the state that the client sends. */
export interface Confirmation {
  grant: string
  nonce: string
  /** Identifies the request that uses it, so that a retry of that request is accepted. */
  attempt: string
  endsAtSeconds: number
}

export type ConfirmationApi = Pick<UserObjectApi, 'useConfirmation'>
/** `used`: another request used this answer. `over`: the answer expired, too many are stored, or the grant ended. */
export type ConfirmationUse = 'done' | 'used' | 'over'

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

  use({ grant, nonce, attempt, endsAtSeconds }: Confirmation): ConfirmationUse {
    const { nowSeconds, grants, wake } = this.#deps
    if (grants.readLive(grant) === null || endsAtSeconds <= nowSeconds()) return 'over'
    const earlier = this.#table.read(nonce)
    if (earlier !== null) return earlier.attempt === attempt ? 'done' : 'used'
    if (this.#table.all().length >= MOST_CONFIRMATIONS) return 'over'
    this.#table.write(nonce, { attempt, endsAtSeconds })
    wake.noLaterThan(endsAtSeconds)
    return 'done'
  }

  sweep(): void {
    const now = this.#deps.nowSeconds()
    this.#table.deleteWhere(({ endsAtSeconds }) => endsAtSeconds <= now)
  }

  nextSeconds(): number | null {
    return earliest(this.#table.all().map(([, { endsAtSeconds }]) => endsAtSeconds))
  }
}
