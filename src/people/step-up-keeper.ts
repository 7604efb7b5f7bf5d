import type { ShownClient } from './grant.ts'

/** What a refused call tells its Person. */
export interface StepUpAsk {
  grant: string
  /** All that the call needs. */
  scopes: string[]
  /** Hash of the access token that lacks some of it. */
  token: string
}

/** `isAskedAgain`: the client has refreshed since it was refused, and asks for the same: it did not heed the challenge. */
export interface StepUpLink {
  id: string
  isAskedAgain: boolean
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

export type StepUpDenial = 'denied' | 'not_theirs' | 'gone'

/** Step-up, as `/mcp` and our page ask a Person for it. Every method bears being called twice. */
export interface StepUpKeeper {
  openStepUp(asked: StepUpAsk): Promise<StepUpLink | null>
  readStepUp(id: string): Promise<StepUpView | null>
  denyStepUp(id: string, by: Pick<StepUpGiven, 'issuer' | 'subject'>): Promise<StepUpDenial>
  approveStepUp(id: string, given: StepUpGiven): Promise<StepUpOutcome>
}
