import type { Grant } from './grant.ts'
import type { NewPageSession } from '../requests/page-sessions.ts'

/** A grant as its person, or an operator, may see it. */
export interface ListedGrant extends Omit<Grant, 'sealed'> {
  /** What the client may do now; nothing once the grant ended. */
  scopes: string[]
  /** How many sessions of the stateful lane are open. */
  sessions: number
}

export interface Account {
  personName: string | null
  grants: ListedGrant[]
}

/** Why a page of the person's own does not open. `over`: signed out, idle for too long, or never signed in. */
export type PageRefusal = 'over' | 'blocked'

/**
 * What the person's own pages ask of a Person. `page` is the hash of the secret in the browser's cookie; each of these
 * looks at the session and acts in one go, so that what was ended a moment ago opens nothing now.
 */
export interface AccountKeeper {
  /** Uses a sign-in up. `used`: somebody was here with it before. */
  useSignIn(id: string, attempt: string, untilSeconds: number): Promise<'done' | 'used' | 'blocked'>
  openPage(page: string, given: NewPageSession): Promise<'done' | 'blocked'>
  closePage(page: string): Promise<void>
  readAccount(page: string): Promise<Account | PageRefusal>
  /** Ends one grant, or all. What is not this person's does not exist; what has ended stays as it ended. */
  endFromPage(page: string, grant: string | null): Promise<'done' | 'unknown' | PageRefusal>
  /** Ends what came from the page's session at PingOne: its grants here, and its pages. */
  endPingOneSession(page: string): Promise<'done' | PageRefusal>
}
