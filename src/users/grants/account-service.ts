import type { Account, ListedGrant, PageDenial } from './account-api.ts'
import type { GrantTable } from './grant-table.ts'
import type { GrantEnds } from './grant-ends.ts'
import type { GrantRecords } from './grant-records.ts'
import type { NewPageSession, PageSession, PageSessions } from '../requests/page-sessions.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { WakeTime } from '../base/wake-time.ts'

export interface AccountServiceDeps {
  grants: GrantTable
  records: GrantRecords
  sessions: Sessions
  pages: PageSessions
  wake: WakeTime
  ends: GrantEnds
}

/** What a User answers to its user's own pages (account-userApi.ts). Synchronous, so that each is one act. */
export class AccountService {
  readonly #parts: AccountServiceDeps

  constructor(parts: AccountServiceDeps) {
    this.#parts = parts
  }

  useSignIn(id: string, attempt: string, untilSeconds: number): 'done' | 'used' | 'blocked' {
    const { grants, pages, wake } = this.#parts
    if (grants.isBlocked) return 'blocked'
    const isFirst = pages.useSignIn(id, attempt, untilSeconds)
    wake.noLaterThan(pages.nextSeconds())
    return isFirst ? 'done' : 'used'
  }

  openPage(page: string, given: NewPageSession): 'done' | 'blocked' {
    const { grants, pages, wake } = this.#parts
    if (grants.isBlocked) return 'blocked'
    pages.open(page, given)
    wake.noLaterThan(pages.nextSeconds())
    return 'done'
  }

  closePage(page: string): void {
    this.#parts.pages.close(page)
  }

  readAccount(page: string): Account | PageDenial {
    const session = this.#see(page)
    if (typeof session === 'string') return session
    this.#parts.ends.endWhatRanOut()
    return { userName: session.userName, grants: this.listGrants() }
  }

  endFromPage(page: string, grant: string | null): 'done' | 'unknown' | PageDenial {
    const { grants, ends } = this.#parts
    const session = this.#see(page)
    if (typeof session === 'string') return session
    if (grant !== null && grants.read(grant) === null) return 'unknown'
    if (grant === null) ends.endAll('ended_by_user')
    else ends.end(grant, 'ended_by_user')
    return 'done'
  }

  endPingOneSession(page: string): 'done' | PageDenial {
    const { grants, pages, ends } = this.#parts
    const session = this.#see(page)
    if (typeof session === 'string') return session
    const { pingOneSession: ended } = session
    for (const { id, pingOneSession } of grants.live())
      if (pingOneSession === ended) ends.end(id, 'ended_by_user')
    pages.closeAll(({ pingOneSession }) => pingOneSession === ended)
    return 'done'
  }

  listGrants(): ListedGrant[] {
    const { grants, records, sessions } = this.#parts
    const open = sessions.all().map(([, { grant }]) => grant)
    return grants.all().map(({ encrypted: _encrypted, ...grant }) => ({
      ...grant,
      scopes: records.allowed(grant.id) ?? [],
      sessions: open.filter((id) => id === grant.id).length,
    }))
  }

  closePages(): void {
    this.#parts.pages.closeAll()
  }

  sweep(): void {
    this.#parts.pages.sweep()
  }

  nextSeconds(): number | null {
    return this.#parts.pages.nextSeconds()
  }

  #see(page: string): PageSession | PageDenial {
    if (this.#parts.grants.isBlocked) return 'blocked'
    return this.#parts.pages.see(page) ?? 'over'
  }
}
