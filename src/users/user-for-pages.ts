import { DurableObject } from 'cloudflare:workers'
import type { AccountService } from './grants/account-service.ts'
import type { AccountApi } from './grants/account-api.ts'
import type { NewPageSession } from './requests/page-sessions.ts'
import type { StepUpAsk, StepUpGiven, StepUpApi } from './requests/step-up-api.ts'
import type { StepUps } from './requests/step-ups.ts'

/** What a user's own pages ask of their User, and the step-ups that one of them decides; handed on to where it is kept. */
export abstract class UserForPages extends DurableObject<Env> implements AccountApi, StepUpApi {
  protected abstract readonly account: AccountService
  protected abstract readonly stepUps: StepUps

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

  async openStepUp(asked: StepUpAsk) {
    return this.stepUps.open(asked)
  }

  async readStepUp(id: string) {
    return this.stepUps.read(id)
  }

  async denyStepUp(id: string, by: Pick<StepUpGiven, 'issuer' | 'subject'>) {
    return this.stepUps.deny(id, by)
  }

  async approveStepUp(id: string, given: StepUpGiven) {
    return this.stepUps.approve(id, given)
  }
}
