import type { Bearer, Commit, Committed, Snapshot } from './grant-records.ts'
import type { EndReason } from './end-reason.ts'

/** What `/token` and the bearer check ask of a User. Every method bears being called twice. */
export interface GrantApi {
  /** `isRefresh`: counts in the request rates. */
  snapshot(grant: string, presented: string, isRefresh: boolean): Promise<Snapshot>
  commit(grant: string, commit: Commit): Promise<Committed>
  endGrant(grant: string, reason: EndReason): Promise<void>
  bearer(grant: string, token: string, session: string | null): Promise<BearerAnswer>
  /** Whether an access token is still good, for a stream that it opened. Counts as no request. */
  hasToken(grant: string, token: string): Promise<boolean>
}

/** One hop answers all of it: is the bearer alive, whom does it stand for, is the session its own. */
export interface BearerAnswer {
  bearer: Bearer | null
  /** Whether the grant exists, live or ended, whatever the token. */
  isKnown: boolean
  /** Why the grant ended, where it did; the client is told, so that a user can be. */
  ended: EndReason | null
  /** Whether the session that the request names is open for this client. */
  session: 'none' | 'open' | 'closed'
  /** The settings name another tenant just now (users/grants/tenant.ts). */
  isRefused: boolean
  /** How long this grant's client has to wait, because it asked too often; then there is no bearer. */
  waitSeconds: number
}

/** The answer about a bearer that was never issued. */
export const nothingKnown: BearerAnswer = {
  bearer: null,
  isKnown: false,
  ended: null,
  session: 'none',
  isRefused: false,
  waitSeconds: 0,
}
