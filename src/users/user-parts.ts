import type { Config } from '#config.ts'
import type { AuditStore } from '#events/store.ts'
import type { WebhookSender } from '#lib/signed-webhook.ts'
import type { Policy } from '#policy/policy.ts'
import type { AlarmDeps } from './alarm.ts'
import { UserAudit } from './audit/user-audit.ts'
import {
  plainStep,
  type Step,
  steppedAuditStore,
  steppedPingOne,
  steppedStorage,
  steppedWebhook,
  type UserPingOne,
} from './base/step.ts'
import { userName } from './base/user-id.ts'
import { WakeTime } from './base/wake-time.ts'
import { AccessService } from './calls/access-service.ts'
import { CallService } from './calls/call-service.ts'
import { CallTable } from './calls/call-table.ts'
import { DenialService } from './calls/denials.ts'
import { EntryService } from './calls/entry-service.ts'
import { PolicyDecisionService } from './calls/policy-decisions.ts'
import { RequestRates } from './calls/request-rates.ts'
import { AccountService } from './grants/account-service.ts'
import { BlockService } from './grants/block-service.ts'
import type { Tenant } from './grants/grant.ts'
import { GrantEndService } from './grants/grant-end-service.ts'
import { GrantRecordService } from './grants/grant-record-service.ts'
import { GrantService } from './grants/grant-service.ts'
import { GrantTable } from './grants/grant-table.ts'
import { makePolicyUserOf } from './grants/policy-user.ts'
import { UserClaims } from './grants/user-claims.ts'
import { OperatorService } from './operators/operator-service.ts'
import { OperatorTable } from './operators/operator-table.ts'
import { UserActService } from './operators/user-act-service.ts'
import { ConfirmationTable } from './requests/confirmations.ts'
import { PageSessionTable } from './requests/page-sessions.ts'
import { StepUpService } from './requests/step-ups.ts'
import { makeSessionCloser, SessionTable } from './sessions/sessions.ts'
import { makeChangeNotifier, type Subscription, SubscriptionTable } from './sessions/subscriptions.ts'
import { DownstreamService } from './tokens/downstream-service.ts'
import { RevocationService } from './tokens/revocations.ts'

export interface UserDeps {
  config(env: Env): Config
  pingone(env: Env): UserPingOne
  auditStore(env: Env): AuditStore
  /** null: the settings name no receiver of webhooks. */
  webhook(env: Env): WebhookSender | null
  /** The compiled policy of this hash, from Control's copies; null: it cannot be read now. */
  policyOf(env: Env, hash: string): Promise<Policy | null>
  /** Milliseconds since 1970. */
  nowMs(): number
  /** Ends the object of a session with its streams. */
  closeSession(env: Env, session: string): Promise<void>
  /** Notifies a session that its subscriptions may have changed. */
  tellSession(env: Env, session: string, subscription: Subscription): Promise<void>
  /** Only for tests (base/step.ts). */
  stepOf?: ((object: DurableObjectState) => Step) | undefined
}

/** The parts of one user's object, each with what it is given. Nothing is written. */
export const makeUserParts = (ctx: DurableObjectState, env: () => Env, deps: UserDeps) =>
  new (class {
    readonly nowSeconds = () => Math.floor(deps.nowMs() / 1000)
    readonly step: Step = deps.stepOf?.(ctx) ?? plainStep
    readonly storage = steppedStorage(ctx.storage, this.step)
    readonly config = () => deps.config(env())
    readonly pingone = () => steppedPingOne(deps.pingone(env()), this.step)
    readonly webhook = (): WebhookSender | null => {
      const sender = deps.webhook(env())
      return sender === null ? null : steppedWebhook(sender, this.step)
    }
    readonly afterAnswer = (work: Promise<void>) => ctx.waitUntil(work)
    readonly wake = new WakeTime(this.storage, this.nowSeconds)
    readonly grants = new GrantTable(this.storage.kv, this.nowSeconds)
    readonly operators = new OperatorTable(this.storage.kv, this.nowSeconds)
    readonly name = ctx.id.name ?? ctx.id.toString()
    readonly audit = new UserAudit({
      storage: this.storage,
      wake: this.wake,
      nowMs: () => deps.nowMs(),
      config: this.config,
      user: this.name,
      grants: this.grants,
      operators: this.operators,
      store: () => steppedAuditStore(deps.auditStore(env()), this.step),
      webhook: this.webhook,
      afterAnswer: this.afterAnswer,
      otherSources: () => [this.calls.events],
    })
    readonly records = new GrantRecordService(this.storage.kv, this.nowSeconds)
    readonly subscriptions = new SubscriptionTable(this.storage.kv)
    readonly sessions = new SessionTable(
      this.storage.kv,
      this.nowSeconds,
      this.subscriptions,
      this.audit.outbox.emit,
    )
    readonly revocations = new RevocationService(this.storage.kv, this.nowSeconds)
    readonly notifyChange = makeChangeNotifier({
      subscriptions: this.subscriptions,
      isOpen: (grant) => this.grantService.isOpen(grant),
      notify: (...news) => this.step('session.tell', () => deps.tellSession(env(), ...news)),
      afterAnswer: this.afterAnswer,
    })
    readonly calls: CallTable = new CallTable({
      storage: this.storage,
      nowMs: () => deps.nowMs(),
      sequence: this.audit.sequence,
      emit: this.audit.outbox.emit,
      shipped: () => this.audit.sequence.last - this.audit.shipper.state().waiting,
      onWrite: this.notifyChange,
    })
    readonly denials = new DenialService({
      nowMs: () => deps.nowMs(),
      emit: this.audit.outbox.emit,
      auditKey: this.audit.auditKey,
    })
    readonly rates = new RequestRates(
      {
        begunSince: (sinceMs) =>
          [...this.calls.begunSince(sinceMs), ...this.records.refreshedSince(sinceMs)].toSorted(
            (a, b) => a.atMs - b.atMs,
          ),
      },
      () => deps.nowMs(),
      this.config,
    )
    readonly closeSessions = makeSessionCloser({
      sessions: this.sessions,
      wake: this.wake,
      close: (session) => this.step('session.end', () => deps.closeSession(env(), session)),
      afterAnswer: this.afterAnswer,
    })
    readonly claims = new UserClaims(this.storage.kv, this)
    readonly shared = {
      config: this.config,
      nowSeconds: this.nowSeconds,
      nowMs: () => deps.nowMs(),
      grants: this.grants,
      claims: this.claims,
      operators: this.operators,
      records: this.records,
      sessions: this.sessions,
      calls: this.calls,
      rates: this.rates,
      wake: this.wake,
      outbox: this.audit.outbox,
      emit: this.audit.outbox.emit,
      isOwn: async (iss: string, sub: string) => (await userName(iss, sub)) === ctx.id.name,
      revoke: (grant: string, encrypted: string, tenant: Tenant) =>
        this.ends.revoke(grant, encrypted, tenant),
    }
    readonly ends: GrantEndService = new GrantEndService({
      ...this.shared,
      revocations: this.revocations,
      closeSessions: this.closeSessions,
      forget: (grant) => {
        this.downstream.forget(grant)
        this.claims.forget(grant)
        this.stepUps.dropAllOf(grant)
      },
    })
    readonly grantService: GrantService = new GrantService({
      ...this.shared,
      ends: this.ends,
      auditKey: this.audit.auditKey,
      directory: this.audit.directory,
    })
    readonly account = new AccountService({
      ...this.shared,
      pages: new PageSessionTable(this.storage.kv, this.nowSeconds),
      ends: this.ends,
    })
    readonly blocks = new BlockService({
      ...this.shared,
      account: this.account,
      ends: this.ends,
      audit: this.audit,
    })
    readonly operatorService = new OperatorService({
      ...this.shared,
      auditKey: this.audit.auditKey,
      directory: this.audit.directory,
    })
    readonly userActs = new UserActService({
      ...this.shared,
      account: this.account,
      ends: this.ends,
      blocks: this.blocks,
      auditKey: this.audit.auditKey,
    })
    readonly downstream = new DownstreamService({
      ...this.shared,
      pingone: this.pingone,
      endGrant: (grant, reason) => this.ends.end(grant, reason),
    })
    readonly policyUserOf = makePolicyUserOf({
      nowSeconds: this.nowSeconds,
      userName: this.name,
      claims: this.claims,
      downstream: this.downstream,
    })
    readonly confirmations = new ConfirmationTable(this.storage.kv, this.shared)
    readonly callService = new CallService({
      ...this.shared,
      confirmations: this.confirmations,
      records: this.records,
      downstream: this.downstream,
      userName: () => this.name,
      denials: this.denials,
    })
    readonly stepUps = new StepUpService(this.storage.kv, this.shared)
    readonly alarm: AlarmDeps = {
      ...this.shared,
      pingone: this.pingone,
      shipper: this.audit.shipper,
      webhooks: this.audit.webhooks,
      ends: this.ends,
      revocations: this.revocations,
      closeSessions: this.closeSessions,
      others: [this.claims, this.stepUps, this.confirmations, this.account, this.operatorService],
    }
    readonly policies = new PolicyDecisionService({
      nowMs: () => deps.nowMs(),
      userName: () => this.name,
      policyOf: async (hash) => deps.policyOf(env(), hash),
      policyUserOf: this.policyUserOf,
    })
    readonly access = new AccessService({
      policies: this.policies,
      nowSeconds: this.nowSeconds,
      config: this.config,
      grants: this.grants,
    })
    readonly entries = new EntryService({
      policies: this.policies,
      nowSeconds: this.nowSeconds,
      config: this.config,
      grants: this.grants,
      bearers: this.grantService,
      stepUps: this.stepUps,
      calls: this.callService,
      denials: this.denials,
    })
  })()
