import { DurableObject } from 'cloudflare:workers'
import type { AccountBook } from './account-book.ts'
import type { AccountKeeper } from './account-keeper.ts'
import type { NewPageSession } from './page-sessions.ts'

/** The part of a Person that a person's own pages ask, handed on to where it is kept. */
export abstract class PersonForPages extends DurableObject<Env> implements AccountKeeper {
  protected abstract readonly account: AccountBook

  async useSignIn(id: string, attempt: string, untilSeconds: number) {
    return this.account.useSignIn(id, attempt, untilSeconds)
  }

  async openPage(page: string, given: NewPageSession) {
    return this.account.openPage(page, given)
  }

  async closePage(page: string) {
    this.account.closePage(page)
  }

  async readAccount(page: string) {
    return this.account.readAccount(page)
  }

  async endFromPage(page: string, grant: string | null) {
    return this.account.endFromPage(page, grant)
  }

  async endPingOneSession(page: string) {
    return this.account.endPingOneSession(page)
  }
}
