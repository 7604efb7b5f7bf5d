import type { Admission } from '#authorization/clients/admission.ts'
import type { ProductNames } from '#authorization/login/login-state.ts'
import type { Config } from '#config.ts'
import type { UserObjectApi } from '#users/user.ts'
import type { PingOne } from '#pingone/client.ts'

/** What a user's own pages work with. wiring/ makes it, once per request. */
export interface AccountDeps {
  config: Config
  pingone: PingOne
  admission: Admission
  product: ProductNames
  nowSeconds: () => number
  /** Counts this request as a failure, although its answer is an ordinary page. */
  noteFailure: (request: Request) => void
  /** Work that nobody waits for. */
  afterAnswer: (work: Promise<unknown>) => void
  /** The user of an id that this server made; null for any other, and then no object was touched. */
  userOf: (id: string) => Promise<UserObjectApi | null>
}
