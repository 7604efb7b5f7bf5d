import { askTwice } from '#lib/ask-twice.ts'
import type { AccountKeeper } from './grants/account-api.ts'
import type { CallKeeper } from './calls/calls.ts'
import type { ConfirmationKeeper } from './requests/confirmations.ts'
import type { EndReason } from './grants/end-reason.ts'
import type { NewGrant } from './grants/grant.ts'
import type { GrantKeeper } from './grants/grant-api.ts'
import type { StepUpKeeper } from './requests/step-up-api.ts'
import type { SubscriptionKeeper } from './sessions/subscriptions.ts'

/** A Person as the rest of the server sees it. */
export interface ReachedPerson
  extends AccountKeeper, CallKeeper, ConfirmationKeeper, GrantKeeper, StepUpKeeper, SubscriptionKeeper {
  openGrant(given: NewGrant): Promise<'opened' | 'blocked'>
  openSession(session: string, grant: string, client: string): Promise<void>
  closeSession(session: string): Promise<void>
}

/** How long a Person is waited for, in milliseconds. `callMs`: to begin a call, where PingOne may be asked first. */
export interface PersonDeadlines {
  personMs: number
  callMs: number
}

/**
 * A stub that saw its object die stays dead: a fresh one for each message, and one more try. That is why every
 * method of a Person bears being called twice.
 */
export function reachPerson(env: Env, name: string, { personMs, callMs }: PersonDeadlines): ReachedPerson {
  const ask = <T>(message: (person: ReachedPerson) => Promise<T>, deadlineMs = personMs): Promise<T> =>
    askTwice(deadlineMs, () => message(env.PERSON.getByName(name)))
  return {
    openGrant: (given) => ask(async (person) => person.openGrant(given)),
    snapshot: (grant, presented, isRefresh) =>
      ask(async (person) => person.snapshot(grant, presented, isRefresh)),
    commit: (grant, commit) => ask(async (person) => person.commit(grant, commit)),
    endGrant: (grant, reason: EndReason) => ask(async (person) => person.endGrant(grant, reason)),
    bearer: (grant, token, session) => ask(async (person) => person.bearer(grant, token, session)),
    hasToken: (grant, token) => ask(async (person) => person.hasToken(grant, token)),
    openSession: (session, grant, client) =>
      ask(async (person) => person.openSession(session, grant, client)),
    closeSession: (session) => ask(async (person) => person.closeSession(session)),
    subscribe: (session, grant, uri) => ask(async (person) => person.subscribe(session, grant, uri)),
    unsubscribe: (session, grant, uri) => ask(async (person) => person.unsubscribe(session, grant, uri)),
    beginCall: (intent) => ask(async (person) => person.beginCall(intent), callMs),
    endCall: (call, outcome, result) => ask(async (person) => person.endCall(call, outcome, result)),
    useConfirmation: (used) => ask(async (person) => person.useConfirmation(used)),
    openStepUp: (asked) => ask(async (person) => person.openStepUp(asked)),
    readStepUp: (id) => ask(async (person) => person.readStepUp(id)),
    denyStepUp: (id, by) => ask(async (person) => person.denyStepUp(id, by)),
    approveStepUp: (id, given) => ask(async (person) => person.approveStepUp(id, given)),
    useSignIn: (id, attempt, untilSeconds) =>
      ask(async (person) => person.useSignIn(id, attempt, untilSeconds)),
    openPage: (page, given) => ask(async (person) => person.openPage(page, given)),
    closePage: (page) => ask(async (person) => person.closePage(page)),
    readAccount: (page) => ask(async (person) => person.readAccount(page)),
    endFromPage: (page, grant) => ask(async (person) => person.endFromPage(page, grant)),
    endPingOneSession: (page) => ask(async (person) => person.endPingOneSession(page)),
  }
}
