import { DurableObject } from 'cloudflare:workers'
import type { Config } from '#config.ts'
import type { EndFacts } from '#events/call-facts.ts'
import type { AuditStore, OutboxState } from '#events/store.ts'
import { runAlarm } from './alarm.ts'
import { UserAudit } from './audit/user-audit.ts'
import {
  plainStep,
  type Step,
  steppedAuditStore,
  steppedPingOne,
  steppedStorage,
  type UserPingOne,
} from './base/step.ts'
import { userName } from './base/user-id.ts'
import { WakeTime } from './base/wake-time.ts'
import { CallService } from './calls/call-service.ts'
import { CallTable } from './calls/call-table.ts'
import type { CallIntent, CallOutcome, CallStart, ReadEnd, RefusedToken } from './calls/calls.ts'
import { DenialService } from './calls/denials.ts'
import type { Entry, EntryAnswer } from './calls/entry.ts'
import { EntryService } from './calls/entry-service.ts'
import { RequestRates } from './calls/request-rates.ts'
import { type Account, AccountService, type ListedGrant, type PageDenial } from './grants/account-service.ts'
import { BlockService } from './grants/block-service.ts'
import type { EndReason, NewGrant, Tenant } from './grants/grant.ts'
import { GrantEndService } from './grants/grant-end-service.ts'
import type { Commit, CommitResult, Snapshot } from './grants/grant-records.ts'
import { GrantRecordService } from './grants/grant-record-service.ts'
import { GrantService } from './grants/grant-service.ts'
import { GrantTable } from './grants/grant-table.ts'
import { ConfirmationTable } from './requests/confirmations.ts'
import { type NewPageSession, PageSessionTable } from './requests/page-sessions.ts'
import {
  type StepUpApproval,
  type StepUpOutcome,
  type StepUpRejection,
  StepUpService,
  type StepUpView,
} from './requests/step-ups.ts'
import { makeSessionCloser, type SessionFacts, SessionTable } from './sessions/sessions.ts'
import {
  makeChangeNotifier,
  type Subscription,
  type SubscriptionOutcome,
  SubscriptionTable,
} from './sessions/subscriptions.ts'
import { DownstreamService } from './tokens/downstream-service.ts'
import { RevocationService } from './tokens/revocations.ts'

export interface UserDeps {
  config(env: Env): Config
  pingone(env: Env): UserPingOne
  auditStore(env: Env): AuditStore
  /** Milliseconds since 1970. */
  nowMs(): number
  /** Ends the object of a session with its streams. */
  closeSession(env: Env, session: string): Promise<void>
  /** Notifies a session that its subscriptions may have changed. */
  tellSession(env: Env, session: string, subscription: Subscription): Promise<void>
  /** Only for tests (base/step.ts). */
  stepOf?: ((object: DurableObjectState) => Step) | undefined
}

type UserObject = InstanceType<ReturnType<typeof makeUser>>

/** The RPCs of a User: every public method of the class. All of them are idempotent. */
export type UserObjectApi = Pick<UserObject, Exclude<keyof UserObject, keyof DurableObject>>

/**
 * One Durable Object per user: grants, the library's records, PingOne's encrypted tokens, sessions and calls.
 * A change of a grant has no `await` between reading and writing, so it is one act.
 * The constructor writes nothing: the object of a forged bearer stays empty.
 */
export const makeUser = (deps: UserDeps) =>
  class extends DurableObject<Env> {
    readonly #nowSeconds = () => Math.floor(deps.nowMs() / 1000)
    readonly #step: Step = deps.stepOf?.(this.ctx) ?? plainStep
    readonly #storage = steppedStorage(this.ctx.storage, this.#step)
    readonly #config = () => deps.config(this.env)
    readonly #pingone = () => steppedPingOne(deps.pingone(this.env), this.#step)
    readonly #afterAnswer = (work: Promise<void>) => this.ctx.waitUntil(work)
    readonly #wake = new WakeTime(this.#storage, this.#nowSeconds)
    readonly #grants = new GrantTable(this.#storage.kv, this.#nowSeconds)
    readonly #name = this.ctx.id.name ?? this.ctx.id.toString()
    readonly #audit = new UserAudit({
      storage: this.#storage,
      wake: this.#wake,
      nowMs: () => deps.nowMs(),
      config: this.#config,
      user: this.#name,
      grants: this.#grants,
      store: () => steppedAuditStore(deps.auditStore(this.env), this.#step),
      otherSources: () => [this.#calls.events],
    })
    readonly #records = new GrantRecordService(this.#storage.kv, this.#nowSeconds)
    readonly #subscriptions = new SubscriptionTable(this.#storage.kv)
    readonly #sessions = new SessionTable(
      this.#storage.kv,
      this.#nowSeconds,
      this.#subscriptions,
      this.#audit.outbox.emit,
    )
    readonly #revocations = new RevocationService(this.#storage.kv, this.#nowSeconds)
    readonly #notifyChange = makeChangeNotifier({
      subscriptions: this.#subscriptions,
      isOpen: (grant) => this.#grantService.isOpen(grant),
      notify: (...news) => this.#step('session.tell', () => deps.tellSession(this.env, ...news)),
      afterAnswer: this.#afterAnswer,
    })
    readonly #calls: CallTable = new CallTable({
      storage: this.#storage,
      nowMs: () => deps.nowMs(),
      sequence: this.#audit.sequence,
      emit: this.#audit.outbox.emit,
      shipped: () => this.#audit.sequence.last - this.#audit.shipper.state().waiting,
      onWrite: this.#notifyChange,
    })
    readonly #denials = new DenialService({
      nowMs: () => deps.nowMs(),
      emit: this.#audit.outbox.emit,
      auditKey: this.#audit.auditKey,
    })
    readonly #rates = new RequestRates(
      {
        begunSince: (sinceMs) =>
          [...this.#calls.begunSince(sinceMs), ...this.#records.refreshedSince(sinceMs)].toSorted(
            (a, b) => a.atMs - b.atMs,
          ),
      },
      () => deps.nowMs(),
      this.#config,
    )
    readonly #closeSessions = makeSessionCloser({
      sessions: this.#sessions,
      wake: this.#wake,
      close: (session) => this.#step('session.end', () => deps.closeSession(this.env, session)),
      afterAnswer: this.#afterAnswer,
    })
    readonly #shared = {
      config: this.#config,
      nowSeconds: this.#nowSeconds,
      nowMs: () => deps.nowMs(),
      grants: this.#grants,
      records: this.#records,
      sessions: this.#sessions,
      calls: this.#calls,
      rates: this.#rates,
      wake: this.#wake,
      outbox: this.#audit.outbox,
      emit: this.#audit.outbox.emit,
      isOwn: async (iss: string, sub: string) => (await userName(iss, sub)) === this.ctx.id.name,
      revoke: (grant: string, encrypted: string, tenant: Tenant) =>
        this.#ends.revoke(grant, encrypted, tenant),
    }
    readonly #ends: GrantEndService = new GrantEndService({
      ...this.#shared,
      revocations: this.#revocations,
      closeSessions: this.#closeSessions,
      forget: (grant) => {
        this.#downstream.forget(grant)
        this.#stepUps.dropAllOf(grant)
      },
    })
    readonly #grantService: GrantService = new GrantService({
      ...this.#shared,
      ends: this.#ends,
      auditKey: this.#audit.auditKey,
      directory: this.#audit.directory,
    })
    readonly #account = new AccountService({
      ...this.#shared,
      pages: new PageSessionTable(this.#storage.kv, this.#nowSeconds),
      ends: this.#ends,
    })
    readonly #blocks = new BlockService({
      ...this.#shared,
      account: this.#account,
      ends: this.#ends,
      audit: this.#audit,
    })
    readonly #downstream = new DownstreamService({
      ...this.#shared,
      pingone: this.#pingone,
      endGrant: (grant, reason) => this.#ends.end(grant, reason),
    })
    readonly #confirmations = new ConfirmationTable(this.#storage.kv, this.#shared)
    readonly #callService = new CallService({
      ...this.#shared,
      confirmations: this.#confirmations,
      records: this.#records,
      downstream: this.#downstream,
      userName: () => this.#name,
      denials: this.#denials,
    })
    readonly #stepUps = new StepUpService(this.#storage.kv, this.#shared)
    readonly #entries = new EntryService({
      nowSeconds: this.#nowSeconds,
      bearers: this.#grantService,
      stepUps: this.#stepUps,
      calls: this.#callService,
      denials: this.#denials,
    })

    async openGrant(given: NewGrant): Promise<'opened' | 'blocked'> {
      return this.#grantService.open(given)
    }

    /** `isRefresh`: the request counts in the request rates. */
    async snapshot(grant: string, presented: string, isRefresh: boolean): Promise<Snapshot> {
      return this.#grantService.snapshot(grant, presented, isRefresh)
    }

    async commit(grant: string, commit: Commit): Promise<CommitResult> {
      return this.#grantService.commit(grant, commit)
    }

    async enter(entry: Entry): Promise<EntryAnswer> {
      return this.#entries.enter(entry)
    }

    /** Whether the access token of an open stream is still valid. Does not count as a request. */
    async hasToken(grant: string, token: string): Promise<boolean> {
      return this.#grantService.isOpen(grant) && this.#records.hasToken(grant, token)
    }

    async openSession(session: string, grant: string, client: string, facts?: SessionFacts): Promise<void> {
      if (this.#grants.readLive(grant) === null) return this.#closeSessions([session])
      this.#closeSessions(this.#sessions.open(session, grant, client, facts))
      this.#wake.noLaterThan(this.#sessions.nextSeconds())
    }

    async closeSession(session: string): Promise<void> {
      if (this.#sessions.close(session, 'by_client')) this.#closeSessions([session])
    }

    async subscribe(session: string, grant: string, uri: string): Promise<SubscriptionOutcome> {
      if (this.#grants.readLive(grant) === null) return 'ended'
      if (!this.#sessions.isHeldBy(session, grant)) return 'closed'
      return this.#subscriptions.add(session, grant, uri)
    }

    async unsubscribe(session: string, grant: string, uri: string): Promise<void> {
      this.#subscriptions.remove(session, grant, uri)
    }

    async beginCall(intent: CallIntent): Promise<CallStart> {
      return this.#callService.begin(intent)
    }

    async renewToken(refused: RefusedToken): Promise<CallStart> {
      return this.#callService.renew(refused)
    }

    /** `result`: the answer for a retry of the same write; null: none is stored. */
    async endCall(
      call: string,
      outcome: CallOutcome,
      result: string | null,
      facts?: EndFacts,
    ): Promise<void> {
      return this.#callService.end(call, outcome, result, facts)
    }

    async endReads(ends: ReadEnd[]): Promise<void> {
      this.#callService.endReads(ends)
    }

    async endGrant(grant: string, reason: EndReason): Promise<void> {
      this.#ends.end(grant, reason)
    }

    async endAll(reason: EndReason): Promise<void> {
      this.#ends.endAll(reason)
    }

    async setBlocked(isBlocked: boolean): Promise<void> {
      this.#blocks.setBlocked(isBlocked)
    }

    /** Makes the user's personal fields unreadable, also in the audit log. */
    async erase(): Promise<void> {
      this.#blocks.erase()
    }

    /** What the token endpoint found, after it authenticated the client. */
    async reportFinding(grant: string, finding: 'refresh-repeated-elsewhere'): Promise<void> {
      if (this.#grants.read(grant) !== null) this.#audit.outbox.emit({ type: 'security', grant, finding })
    }

    async listGrants(): Promise<ListedGrant[]> {
      return this.#account.listGrants()
    }

    async readStepUp(id: string): Promise<StepUpView | null> {
      return this.#stepUps.read(id)
    }

    async denyStepUp(id: string, by: Pick<StepUpApproval, 'issuer' | 'subject'>): Promise<StepUpRejection> {
      return this.#stepUps.deny(id, by)
    }

    async approveStepUp(id: string, approval: StepUpApproval): Promise<StepUpOutcome> {
      return this.#stepUps.approve(id, approval)
    }

    async useSignIn(id: string, attempt: string, untilSeconds: number): Promise<'done' | 'used' | 'blocked'> {
      return this.#account.useSignIn(id, attempt, untilSeconds)
    }

    async openPage(page: string, given: NewPageSession): Promise<'done' | 'blocked'> {
      return this.#account.openPage(page, given)
    }

    async closePage(page: string): Promise<void> {
      this.#account.closePage(page)
    }

    async readAccount(page: string): Promise<Account | PageDenial> {
      return this.#account.readAccount(page)
    }

    async endFromPage(page: string, grant: string | null): Promise<'done' | 'unknown' | PageDenial> {
      return this.#account.endFromPage(page, grant)
    }

    async endPingOneSession(page: string): Promise<'done' | PageDenial> {
      return this.#account.endPingOneSession(page)
    }

    /** The state of the outbox, for the verification of the audit log. */
    async auditState(): Promise<OutboxState> {
      return this.#audit.shipper.state()
    }

    override async alarm(): Promise<void> {
      return runAlarm({
        ...this.#shared,
        pingone: this.#pingone,
        shipper: this.#audit.shipper,
        ends: this.#ends,
        revocations: this.#revocations,
        closeSessions: this.#closeSessions,
        others: [this.#stepUps, this.#confirmations, this.#account],
      })
    }
  }
