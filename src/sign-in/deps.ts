import type { Config } from '#config.ts'
import type { CountDenial } from '#events/denial-count.ts'
import type { PingOne } from '#pingone/client.ts'
import type { UserObjectApi } from '#users/user.ts'

/** The dependencies of a sign-in of our own pages, for one request. A room's own dependencies extend them. */
export interface SignInDeps {
  config: Config
  pingone: PingOne
  nowSeconds: () => number
  /** Counts a sign-in that is refused before its user is known. */
  countDenial: CountDenial
  /** Runs work that the answer does not wait for. */
  afterAnswer: (work: Promise<unknown>) => void
  /** Null for an id that this server did not make; then no object was touched. */
  userOf: (id: string) => Promise<UserObjectApi | null>
}
