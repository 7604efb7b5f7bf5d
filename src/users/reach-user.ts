import { retryOnce } from '#lib/retry-once.ts'
import type { AccountApi } from './grants/account-api.ts'
import type { CallApi } from './calls/calls.ts'
import type { ConfirmationApi } from './requests/confirmations.ts'
import type { EndReason } from './grants/end-reason.ts'
import type { NewGrant } from './grants/grant.ts'
import type { GrantApi } from './grants/grant-api.ts'
import type { StepUpApi } from './requests/step-up-api.ts'
import type { SubscriptionApi } from './sessions/subscriptions.ts'

/** A User as the rest of the server sees it. */
export interface ReachedUser
  extends AccountApi, CallApi, ConfirmationApi, GrantApi, StepUpApi, SubscriptionApi {
  openGrant(given: NewGrant): Promise<'opened' | 'blocked'>
  openSession(session: string, grant: string, client: string): Promise<void>
  closeSession(session: string): Promise<void>
}

/** How long a User is waited for, in milliseconds. `callMs`: to begin a call, where PingOne may be asked first. */
export interface UserDeadlines {
  userMs: number
  callMs: number
}

/**
 * A stub that saw its object die stays dead: a fresh one for each message, and one more try. That is why every
 * method of a User bears being called twice.
 */
export function reachUser(env: Env, name: string, { userMs, callMs }: UserDeadlines): ReachedUser {
  const ask = <T>(message: (user: ReachedUser) => Promise<T>, deadlineMs = userMs): Promise<T> =>
    retryOnce(deadlineMs, () => message(env.USER.getByName(name)))
  return {
    openGrant: (given) => ask(async (user) => user.openGrant(given)),
    snapshot: (grant, presented, isRefresh) =>
      ask(async (user) => user.snapshot(grant, presented, isRefresh)),
    commit: (grant, commit) => ask(async (user) => user.commit(grant, commit)),
    endGrant: (grant, reason: EndReason) => ask(async (user) => user.endGrant(grant, reason)),
    bearer: (grant, token, session) => ask(async (user) => user.bearer(grant, token, session)),
    hasToken: (grant, token) => ask(async (user) => user.hasToken(grant, token)),
    openSession: (session, grant, client) => ask(async (user) => user.openSession(session, grant, client)),
    closeSession: (session) => ask(async (user) => user.closeSession(session)),
    subscribe: (session, grant, uri) => ask(async (user) => user.subscribe(session, grant, uri)),
    unsubscribe: (session, grant, uri) => ask(async (user) => user.unsubscribe(session, grant, uri)),
    beginCall: (intent) => ask(async (user) => user.beginCall(intent), callMs),
    endCall: (call, outcome, result) => ask(async (user) => user.endCall(call, outcome, result)),
    useConfirmation: (used) => ask(async (user) => user.useConfirmation(used)),
    openStepUp: (asked) => ask(async (user) => user.openStepUp(asked)),
    readStepUp: (id) => ask(async (user) => user.readStepUp(id)),
    denyStepUp: (id, by) => ask(async (user) => user.denyStepUp(id, by)),
    approveStepUp: (id, given) => ask(async (user) => user.approveStepUp(id, given)),
    useSignIn: (id, attempt, untilSeconds) => ask(async (user) => user.useSignIn(id, attempt, untilSeconds)),
    openPage: (page, given) => ask(async (user) => user.openPage(page, given)),
    closePage: (page) => ask(async (user) => user.closePage(page)),
    readAccount: (page) => ask(async (user) => user.readAccount(page)),
    endFromPage: (page, grant) => ask(async (user) => user.endFromPage(page, grant)),
    endPingOneSession: (page) => ask(async (user) => user.endPingOneSession(page)),
  }
}
