import type { EndpointName } from './endpoints.ts'
import type { Settings } from './settings.ts'
import type { Store } from './store.ts'
import type { Switches } from './switches.ts'

/** One request to the tenant, with everything its endpoint may look at. The clock does not move during a visit. */
export interface Visit {
  readonly endpoint: EndpointName
  readonly request: Request
  readonly url: URL
  readonly parameters: URLSearchParams
  readonly settings: Settings
  readonly switches: Switches
  readonly store: Store
  readonly correlationId: string
  /** The true clock: lifetimes of what is kept. */
  readonly nowSeconds: number
  /** The clock that stamps and checks tokens: the true one, off by the switch `clockSkewSeconds`. */
  readonly stampSeconds: number
}
