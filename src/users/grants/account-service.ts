import type { Emit } from '#events/event.ts'
import type { WakeTime } from '../base/wake-time.ts'
import type { NewPageSession, PageSession, PageSessionTable } from '../requests/page-sessions.ts'
import type { SessionTable } from '../sessions/sessions.ts'
import type { Grant } from './grant.ts'
import type { GrantEndService } from './grant-end-service.ts'
import type { GrantRecordService } from './grant-record-service.ts'
import type { GrantTable } from './grant-table.ts'

/** A grant as its user or an operator may see it. */
export interface ListedGrant extends Omit<Grant, 'encrypted'> {
  /** What the client may do now; empty once the grant has ended. */
  scopes: string[]
  /** The number of open sessions of the session transport. */
  sessions: number
}

export interface Account {
  userName: string | null
  grants: ListedGrant[]
}

/** Why one of the user's own pages does not open. `over`: signed out, idle for too long, or never signed in. */
export type PageDenial = 'over' | 'blocked'

interface AccountServiceDeps {
  grants: GrantTable
  records: GrantRecordService
  sessions: SessionTable
  pages: PageSessionTable
  wake: WakeTime
  ends: GrantEndService
  emit: Emit
}

/**
 * Serves the user's own pages. `page` is the hash of the secret in the browser's cookie.
 * Synchronous: each method checks the page session and acts on it in one act.
 */
export class AccountService {
  readonly #deps: AccountServiceDeps

  constructor(deps: AccountServiceDeps) {
    this.#deps = deps
  }

  /** Each sign-in can be used once. `used`: another request used it. */
  useSignIn(id: string, attempt: string, untilSeconds: number): 'done' | 'used' | 'blocked' {
    const { grants, pages, wake } = this.#deps
    if (grants.isBlocked) return 'blocked'
    const isFirst = pages.useSignIn(id, attempt, untilSeconds)
    wake.noLaterThan(pages.nextSeconds())
    return isFirst ? 'done' : 'used'
  }

  /**
   * @step me 9 the page's session
   */
  openPage(page: string, given: NewPageSession): 'done' | 'blocked' {
    const { grants, pages, wake, emit } = this.#deps
    if (grants.isBlocked) return 'blocked'
    if (pages.open(page, given)) emit({ type: 'account.signed-in' })
    wake.noLaterThan(pages.nextSeconds())
    return 'done'
  }

  closePage(page: string): void {
    if (this.#deps.pages.close(page)) this.#deps.emit({ type: 'account.signed-out' })
  }

  readAccount(page: string): Account | PageDenial {
    const session = this.#open(page)
    if (typeof session === 'string') return session
    this.#deps.ends.endExpired()
    return { userName: session.userName, grants: this.listGrants() }
  }

  /**
   * Ends one grant, or all. Grants of other users are unknown; ended grants stay as they are.
   * @step me 12 grants end in the user's object
   */
  endFromPage(page: string, grant: string | null): 'done' | 'unknown' | PageDenial {
    const { grants, ends } = this.#deps
    const session = this.#open(page)
    if (typeof session === 'string') return session
    if (grant !== null && grants.read(grant) === null) return 'unknown'
    if (grant === null) ends.endAll('ended_by_user')
    else ends.end(grant, 'ended_by_user')
    return 'done'
  }

  /** Ends all grants and pages that came from the page's session at PingOne. */
  endPingOneSession(page: string): 'done' | PageDenial {
    const { grants, pages, ends, emit } = this.#deps
    const session = this.#open(page)
    if (typeof session === 'string') return session
    const { pingOneSession: ended } = session
    emit({ type: 'account.pingone-signed-out' })
    for (const { id, pingOneSession } of grants.live())
      if (pingOneSession === ended) ends.end(id, 'ended_by_user')
    pages.closeAll(({ pingOneSession }) => pingOneSession === ended)
    return 'done'
  }

  listGrants(): ListedGrant[] {
    const { grants, records, sessions } = this.#deps
    const open = sessions.all().map(([, { grant }]) => grant)
    return grants.all().map(({ encrypted: _encrypted, ...grant }) => ({
      ...grant,
      scopes: records.allowed(grant.id) ?? [],
      sessions: open.filter((id) => id === grant.id).length,
    }))
  }

  closePages(): void {
    this.#deps.pages.closeAll()
  }

  sweep(): void {
    this.#deps.pages.sweep()
  }

  nextSeconds(): number | null {
    return this.#deps.pages.nextSeconds()
  }

  #open(page: string): PageSession | PageDenial {
    if (this.#deps.grants.isBlocked) return 'blocked'
    return this.#deps.pages.touch(page) ?? 'over'
  }
}
