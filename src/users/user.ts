import { DurableObject } from 'cloudflare:workers'
import type { EndFacts } from '#events/call-facts.ts'
import type { StoredArguments } from '#events/event.ts'
import type { OutboxState } from '#events/store.ts'
import type { Result } from '#lib/result.ts'
import type { Switch } from '#policy/switches.ts'
import { runAlarm } from './alarm.ts'
import type { AccessAnswer, AccessQuestion } from './calls/access.ts'
import type { CallOutcome, CallStart, ReadEnd, RefusedToken } from './calls/calls.ts'
import type { EarlierCall, LaterCall } from './calls/calls.ts'
import type { EarlierEntry, Entry, EntryAnswer } from './calls/entry.ts'
import type { Account, ListedGrant, PageDenial } from './grants/account-service.ts'
import type { EndReason, NewGrant, RefusedLogin } from './grants/grant.ts'
import type { Commit, CommitResult, Snapshot } from './grants/grant-records.ts'
import type {
  ActDenial,
  EndedAct,
  NewAct,
  NewOperatorSession,
  OperatedUser,
  OperatedUserApi,
  OperatorApi,
  OperatorDenial,
  OperatorSession,
  UserAct,
} from './operators/operator-api.ts'
import type { NewPageSession } from './requests/page-sessions.ts'
import type { StepUpApproval, StepUpOutcome, StepUpRejection, StepUpView } from './requests/step-ups.ts'
import type { SessionFacts } from './sessions/sessions.ts'
import type { SubscriptionOutcome } from './sessions/subscriptions.ts'
import { makeUserParts, type UserDeps } from './user-parts.ts'

type UserObject = InstanceType<ReturnType<typeof makeUser>>

/** The RPCs of a User: every public method of the class. All of them are idempotent. */
export type UserObjectApi = Pick<UserObject, Exclude<keyof UserObject, keyof DurableObject>>

/**
 * One Durable Object per user: grants, the library's records, PingOne's encrypted tokens, sessions and calls.
 * A change of a grant has no `await` between reading and writing, so it is one act.
 * The constructor writes nothing: the object of a forged bearer stays empty.
 */
export const makeUser = (deps: UserDeps) =>
  class extends DurableObject<Env> implements OperatorApi, OperatedUserApi {
    readonly #parts = makeUserParts(this.ctx, () => this.env, deps)

    async openGrant(given: NewGrant): Promise<'opened' | 'blocked'> {
      return this.#parts.grantService.open(given)
    }

    async noteRefusal(refused: RefusedLogin): Promise<void> {
      this.#parts.grantService.noteRefusal(refused)
    }

    /** `isRefresh`: the request counts in the request rates. */
    async snapshot(grant: string, presented: string, isRefresh: boolean): Promise<Snapshot> {
      return this.#parts.grantService.snapshot(grant, presented, isRefresh)
    }

    async commit(grant: string, commit: Commit): Promise<CommitResult> {
      return this.#parts.grantService.commit(grant, commit)
    }

    async enter(entry: Entry | EarlierEntry): Promise<EntryAnswer> {
      return this.#parts.entries.enter(entry)
    }

    /**
     * Whether the access token of an open stream is still valid, and no switch concerns it. Does not count as a request.
     * A Worker of a release without policy gives no switches.
     */
    async hasToken(grant: string, token: string, switches: readonly Switch[] = []): Promise<boolean> {
      const row = this.#parts.grants.readLive(grant)
      if (row === null || this.#parts.policies.isSwitchedOff(row, switches)) return false
      return this.#parts.grantService.isOpen(grant) && this.#parts.records.hasToken(grant, token)
    }

    async openSession(session: string, grant: string, client: string, facts?: SessionFacts): Promise<void> {
      if (this.#parts.grants.readLive(grant) === null) return this.#parts.closeSessions([session])
      this.#parts.closeSessions(this.#parts.sessions.open(session, grant, client, facts))
      this.#parts.wake.noLaterThan(this.#parts.sessions.nextSeconds())
    }

    async closeSession(session: string): Promise<void> {
      if (this.#parts.sessions.close(session, 'by_client')) this.#parts.closeSessions([session])
    }

    async subscribe(session: string, grant: string, uri: string): Promise<SubscriptionOutcome> {
      if (this.#parts.grants.readLive(grant) === null) return 'ended'
      if (!this.#parts.sessions.isHeldBy(session, grant)) return 'closed'
      return this.#parts.subscriptions.add(session, grant, uri)
    }

    async unsubscribe(session: string, grant: string, uri: string): Promise<void> {
      this.#parts.subscriptions.remove(session, grant, uri)
    }

    async beginCall(call: LaterCall | EarlierCall): Promise<CallStart> {
      return this.#parts.entries.enterLater(call)
    }

    /** What the user and client of a grant may do now, for the tool myAccess. */
    async surveyAccess(question: AccessQuestion): Promise<AccessAnswer> {
      return this.#parts.access.answer(question)
    }

    async renewToken(refused: RefusedToken): Promise<CallStart> {
      return this.#parts.callService.renew(refused)
    }

    /** `result`: the answer for a retry of the same write; null: none is stored. */
    async endCall(
      call: string,
      outcome: CallOutcome,
      result: string | null,
      facts?: EndFacts,
    ): Promise<void> {
      return this.#parts.callService.end(call, outcome, result, facts)
    }

    async endReads(ends: ReadEnd[]): Promise<void> {
      this.#parts.callService.endReads(ends)
    }

    async endGrant(grant: string, reason: EndReason): Promise<void> {
      this.#parts.ends.end(grant, reason)
    }

    async endAll(reason: EndReason): Promise<void> {
      this.#parts.ends.endAll(reason)
    }

    /** What the token endpoint found, after it authenticated the client. */
    async reportFinding(grant: string, finding: 'refresh-repeated-elsewhere'): Promise<void> {
      if (this.#parts.grants.read(grant) !== null)
        this.#parts.audit.outbox.emit({ type: 'security', grant, finding })
    }

    async listGrants(): Promise<ListedGrant[]> {
      return this.#parts.account.listGrants()
    }

    async readStepUp(id: string): Promise<StepUpView | null> {
      return this.#parts.stepUps.read(id)
    }

    async denyStepUp(id: string, by: Pick<StepUpApproval, 'issuer' | 'subject'>): Promise<StepUpRejection> {
      return this.#parts.stepUps.deny(id, by)
    }

    async approveStepUp(id: string, approval: StepUpApproval): Promise<StepUpOutcome> {
      return this.#parts.stepUps.approve(id, approval)
    }

    async useSignIn(id: string, attempt: string, untilSeconds: number): Promise<'done' | 'used' | 'blocked'> {
      return this.#parts.account.useSignIn(id, attempt, untilSeconds)
    }

    async openPage(page: string, given: NewPageSession): Promise<'done' | 'blocked'> {
      return this.#parts.account.openPage(page, given)
    }

    async closePage(page: string): Promise<void> {
      this.#parts.account.closePage(page)
    }

    async readAccount(page: string): Promise<Account | PageDenial> {
      return this.#parts.account.readAccount(page)
    }

    async endFromPage(page: string, grant: string | null): Promise<'done' | 'unknown' | PageDenial> {
      return this.#parts.account.endFromPage(page, grant)
    }

    async endPingOneSession(page: string): Promise<'done' | PageDenial> {
      return this.#parts.account.endPingOneSession(page)
    }

    async openOperator(session: string, given: NewOperatorSession): Promise<'done' | 'blocked'> {
      return this.#parts.operatorService.open(session, given)
    }

    async readOperator(session: string): Promise<OperatorSession | OperatorDenial> {
      return this.#parts.operatorService.read(session)
    }

    async closeOperator(session: string): Promise<void> {
      this.#parts.operatorService.close(session)
    }

    async beginAct(session: string, act: NewAct): Promise<'recorded' | ActDenial> {
      return this.#parts.operatorService.begin(session, act)
    }

    async endAct(act: EndedAct): Promise<void> {
      this.#parts.operatorService.end(act)
    }

    async protectOwnReason(reason: string): Promise<StoredArguments> {
      return this.#parts.operatorService.protectReason(reason)
    }

    async describeForOperator(): Promise<OperatedUser> {
      return this.#parts.userActs.describe()
    }

    async protectReason(reason: string): Promise<StoredArguments | null> {
      return this.#parts.userActs.protectReason(reason)
    }

    async applyAct(act: UserAct): Promise<{ grants: number }> {
      return this.#parts.userActs.apply(act)
    }

    async reveal(ciphertext: string): Promise<Result<Record<string, unknown>, 'unreadable' | 'broken'>> {
      return this.#parts.userActs.reveal(ciphertext)
    }

    /** The state of the outbox, for the verification of the audit log. */
    async auditState(): Promise<OutboxState> {
      return this.#parts.audit.shipper.state()
    }

    override async alarm(): Promise<void> {
      return runAlarm(this.#parts.alarm)
    }
  }
