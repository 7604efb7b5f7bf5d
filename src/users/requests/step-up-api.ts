import type { ShownClient } from '../grants/grant.ts'

/** What a refused call tells its User. */
export interface StepUpAsk {
  grant: string
  /** All that the call needs. */
  scopes: string[]
  /** The tool, which tells a second denial from a first. The page does not show it. */
  tool: string
  /** Where the call came from (lib/addresses.ts): for the page, which the user judges it by. */
  network: string
}

/**
 * The answer to a refused call. `open`: the user can allow it at the link of this id. `denied`: they said no just now.
 * `narrowed`: the grant has it, and the client asked for a token without it. `isAskedAgain`: the same call was refused
 * before, and not long ago.
 */
export type StepUpDenial =
  | { state: 'open'; id: string; isAskedAgain: boolean }
  | { state: 'denied' | 'narrowed'; isAskedAgain: boolean }

/** Where a request for more was made from, and when last. */
export interface StepUpCaller {
  network: string
  atSeconds: number
}

/** What the page says of a request. */
export interface StepUpView {
  grant: string
  client: string
  shown: ShownClient | null
  openedAtSeconds: number
  has: string[]
  /** What would come on top. */
  scopes: string[]
  endsAtSeconds: number
  /** Each network once, in the order in which they first asked. */
  askedFrom: StepUpCaller[]
}

/** What came back from the sign-in of an approval. Plain values: it crosses RPC. */
export interface StepUpGiven {
  issuer: string
  subject: string
  /** What of it PingOne gave, in our words. */
  scopes: string[]
  downstreamScopes: string[]
  accessToken: string
  refreshToken: string | null
  downstreamEndsAtSeconds: number
  /** The environment that PingOne's tokens name; null where they name none. */
  environment: string | null
  /** PingOne's `sid`. */
  pingOneSession: string
}

/** `withheld`: PingOne gave no more, and the request stays open. `gone`: used, denied, too old, or its grant ended. */
export type StepUpOutcome = 'widened' | 'not_theirs' | 'withheld' | 'gone'

export type StepUpRejection = 'denied' | 'not_theirs' | 'gone'

/** Step-up, as `/mcp` and our page ask a User for it. Every method bears being called twice. */
export interface StepUpApi {
  openStepUp(asked: StepUpAsk): Promise<StepUpDenial | null>
  readStepUp(id: string): Promise<StepUpView | null>
  denyStepUp(id: string, by: Pick<StepUpGiven, 'issuer' | 'subject'>): Promise<StepUpRejection>
  approveStepUp(id: string, given: StepUpGiven): Promise<StepUpOutcome>
}
