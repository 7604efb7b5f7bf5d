import type { Grant } from './grant.ts'
import type { NewPageSession } from '../requests/page-sessions.ts'

/** A grant as its user, or an operator, may see it. */
export interface ListedGrant extends Omit<Grant, 'encrypted'> {
  /** What the client may do now; nothing once the grant ended. */
  scopes: string[]
  /** How many sessions of the session transport are open. */
  sessions: number
}

export interface Account {
  userName: string | null
  grants: ListedGrant[]
}

/** Why a page of the user's own does not open. `over`: signed out, idle for too long, or never signed in. */
export type PageDenial = 'over' | 'blocked'

/**
 * What the user's own pages ask of a User. `page` is the hash of the secret in the browser's cookie; each of these
 * looks at the session and acts in one go, so that what was ended a moment ago opens nothing now.
 */
export interface AccountApi {
  /** Uses a sign-in up. `used`: somebody was here with it before. */
  useSignIn(id: string, attempt: string, untilSeconds: number): Promise<'done' | 'used' | 'blocked'>
  openPage(page: string, given: NewPageSession): Promise<'done' | 'blocked'>
  closePage(page: string): Promise<void>
  readAccount(page: string): Promise<Account | PageDenial>
  /** Ends one grant, or all. What is not this user's does not exist; what has ended stays as it ended. */
  endFromPage(page: string, grant: string | null): Promise<'done' | 'unknown' | PageDenial>
  /** Ends what came from the page's session at PingOne: its grants here, and its pages. */
  endPingOneSession(page: string): Promise<'done' | PageDenial>
}
