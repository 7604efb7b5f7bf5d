import { AccountService } from './grants/account-service.ts'
import type { ListedGrant } from './grants/account-api.ts'
import { CallService } from './calls/call-service.ts'
import { CallLog } from './calls/call-log.ts'
import type { CallIntent, CallOutcome, CallStart } from './calls/calls.ts'
import { makeChangeNotifier } from './sessions/change-notifier.ts'
import { encryptTokens } from './tokens/downstream.ts'
import { DownstreamService } from './tokens/downstream-service.ts'
import type { EndReason } from './grants/end-reason.ts'
import type { NewGrant } from './grants/grant.ts'
import { Confirmations, type UsedConfirmation } from './requests/confirmations.ts'
import { GrantTable } from './grants/grant-table.ts'
import { GrantEnds } from './grants/grant-ends.ts'
import { inTime } from './grants/grant-life.ts'
import { type BearerAnswer, nothingKnown } from './grants/grant-api.ts'
import { type Commit, type Committed, GrantRecords, type Snapshot } from './grants/grant-records.ts'
import type { UserObject, UserDeps } from './user-object.ts'
import { PageSessions } from './requests/page-sessions.ts'
import { UserForPages } from './user-for-pages.ts'
import { userName } from './base/user-id.ts'
import { RequestRates } from './calls/request-rates.ts'
import { Revocations } from './tokens/revocations.ts'
import { makeSessionCloser } from './sessions/session-closer.ts'
import { Sessions } from './sessions/sessions.ts'
import { StepUps } from './requests/step-ups.ts'
import { type UserPingOne, plainStep, steppedPingOne, steppedStorage } from './base/step.ts'
import { type Subscribing, Subscriptions } from './sessions/subscriptions.ts'
import { TenantGuard, tenantOf } from './grants/tenant.ts'
import { WakeTime } from './base/wake-time.ts'

/**
 * One Durable Object per user: their grants with the library's records, PingOne's tokens encrypted under each, open
 * sessions, and what was done. What changes a grant has no `await` between reading and writing, so it is one act.
 * The constructor writes nothing: an object that a stranger's bearer reaches stays empty.
 */
export const makeUser = (parts: UserDeps) =>
  class extends UserForPages implements UserObject {
    readonly #nowSeconds = () => Math.floor(parts.nowMs() / 1000)
    readonly #step = parts.stepOf?.(this.ctx) ?? plainStep
    readonly #storage = steppedStorage(this.ctx.storage, this.#step)
    readonly #grants = new GrantTable(this.#storage.kv, this.#nowSeconds)
    readonly #records = new GrantRecords(this.#storage.kv, this.#nowSeconds)
    readonly #subscriptions = new Subscriptions(this.#storage.kv)
    readonly #sessions = new Sessions(this.#storage.kv, this.#nowSeconds, this.#subscriptions)
    readonly #revocations = new Revocations(this.#storage.kv, this.#nowSeconds)
    readonly #tellChange = makeChangeNotifier({
      subscriptions: this.#subscriptions,
      isOpen: (grant) => this.#isOpen(grant),
      tell: (...news) => this.#step('session.tell', () => parts.tellSession(this.env, ...news)),
      afterAnswer: (work) => this.ctx.waitUntil(work),
    })
    readonly #calls = new CallLog(this.#storage, () => parts.nowMs(), this.#tellChange)
    readonly #rates = new RequestRates(
      {
        begunSince: (sinceMs) =>
          [...this.#calls.begunSince(sinceMs), ...this.#records.refreshedSince(sinceMs)].toSorted(
            (a, b) => a.atMs - b.atMs,
          ),
      },
      () => parts.nowMs(),
      () => parts.config(this.env),
    )
    readonly #tenant = new TenantGuard()
    readonly #wake = new WakeTime(this.#storage)
    readonly #closeSessions = makeSessionCloser({
      sessions: this.#sessions,
      wake: this.#wake,
      close: (session) => this.#step('session.end', () => parts.closeSession(this.env, session)),
      afterAnswer: (work) => this.ctx.waitUntil(work),
    })
    readonly #shared = {
      config: () => parts.config(this.env),
      nowSeconds: this.#nowSeconds,
      grants: this.#grants,
      records: this.#records,
      sessions: this.#sessions,
      calls: this.#calls,
      wake: this.#wake,
      isOwn: async (iss: string, sub: string) => (await userName(iss, sub)) === this.ctx.id.name,
      revoke: (...told: Parameters<GrantEnds['revoke']>) => this.#ends.revoke(...told),
    }
    readonly #ends: GrantEnds = new GrantEnds({
      ...this.#shared,
      revocations: this.#revocations,
      closeSessions: this.#closeSessions,
      forget: (grant) => {
        this.#downstream.forget(grant)
        this.stepUps.dropAllOf(grant)
      },
    })
    protected readonly account = new AccountService({
      ...this.#shared,
      pages: new PageSessions(this.#storage.kv, this.#nowSeconds),
      ends: this.#ends,
    })
    readonly #downstream = new DownstreamService({
      ...this.#shared,
      pingone: () => this.#pingone(),
      endGrant: (grant, reason) => this.#ends.end(grant, reason),
    })
    readonly #desk = new CallService({
      ...this.#shared,
      nowMs: () => parts.nowMs(),
      downstream: this.#downstream,
      userName: () => this.ctx.id.name ?? this.ctx.id.toString(),
    })
    protected readonly stepUps = new StepUps(this.#storage.kv, this.#shared)
    readonly #confirmations = new Confirmations(this.#storage.kv, this.#shared)

    /** `/callback` came to its end: grant, code and PingOne's tokens are here, in one act, before the code leaves. */
    async openGrant(given: NewGrant): Promise<'opened' | 'blocked'> {
      const config = parts.config(this.env)
      const tokens = { access: given.accessToken, refresh: given.refreshToken }
      const encrypted = await encryptTokens(config, given.id, tokens)
      const tenant = tenantOf(config, given.environment)
      if (this.#grants.isBlocked) {
        this.#ends.revoke(given.id, encrypted, tenant)
        return 'blocked'
      }
      // Told twice, because an answer was lost or late: what happened to the grant since then stands.
      if (this.#grants.read(given.id) !== null) return 'opened'
      for (const { id } of this.#grants.tooManyFor(config.life.grantsPerUser, given))
        this.#ends.end(id, 'cap')
      this.#calls.makeTable()
      this.#records.create(given.id, given.record)
      this.#grants.open(given, encrypted, tenant)
      this.#wake.noLaterThan(given.record.expiresAtSeconds)
      return 'opened'
    }

    async snapshot(grant: string, presented: string, isRefresh: boolean): Promise<Snapshot> {
      const found = this.#records.snapshot(grant, presented)
      const known = this.#ends.readInTime(grant)
      if (known === null || known.ended !== null) {
        const ended = known?.ended?.reason ?? null
        return { ...found, over: null, ended, isRefused: false, waitSeconds: 0 }
      }
      // Made-up tokens do not count, or they would make the grant's own client wait. Nor do tokens spent long ago: a
      // flood with a stolen one must not block the owner's token, whose reuse ends the grant.
      const isCounted =
        isRefresh && found.repeat !== 'reuse' && this.#records.isRefreshToken(grant, presented)
      const waitSeconds = isCounted ? this.#rates.take(grant) : 0
      const config = parts.config(this.env)
      const isRefused = this.#tenant.refuses(known, config)
      const inLife = inTime(known, found.grant, config.life, this.#nowSeconds())
      const wornOut = this.#records.isWornOut(grant) ? 'refreshed_too_often' : null
      const over = inLife.over ?? wornOut
      return { ...found, ...inLife, over, ended: null, isRefused, waitSeconds }
    }

    async commit(grant: string, commit: Commit): Promise<Committed> {
      const ended = this.#grants.read(grant)?.ended?.reason
      // What a client revokes is gone already; whatever else it asked for gets nothing.
      if (ended !== undefined && commit.writes.some(([, row]) => row !== null))
        return { outcome: 'ended', ended }
      const committed = this.#records.commit(grant, commit)
      for (const [, row] of commit.writes) this.#wake.noLaterThan(row?.expiresAtSeconds ?? null)
      return committed
    }

    async bearer(grantId: string, token: string, session: string | null): Promise<BearerAnswer> {
      const grant = this.#grants.read(grantId)
      const bearer = grant === null || grant.ended !== null ? null : this.#records.bearer(grantId, token)
      const none = { ...nothingKnown, isKnown: grant !== null }
      if (grant === null || bearer === null)
        return { ...none, ended: this.#ends.readInTime(grantId)?.ended?.reason ?? null }
      const waitSeconds = this.#rates.take(grantId)
      if (waitSeconds > 0) return { ...none, waitSeconds }
      this.#grants.markUsed(grant)
      const good = {
        ...none,
        bearer,
        waitSeconds,
        isRefused: this.#tenant.refuses(grant, parts.config(this.env)),
      }
      if (session === null) return good
      const isOpen = this.#sessions.isOpen(session, grantId, bearer.client)
      return { ...good, session: isOpen ? 'open' : 'closed' }
    }

    async hasToken(grant: string, token: string): Promise<boolean> {
      return this.#isOpen(grant) && this.#records.hasToken(grant, token)
    }

    async openSession(session: string, grant: string, client: string): Promise<void> {
      if (this.#grants.readLive(grant) === null) return this.#closeSessions([session])
      this.#closeSessions(this.#sessions.open(session, grant, client))
      this.#wake.noLaterThan(this.#sessions.nextSeconds())
    }

    async closeSession(session: string): Promise<void> {
      if (this.#sessions.close(session)) this.#closeSessions([session])
    }

    async subscribe(session: string, grant: string, uri: string): Promise<Subscribing> {
      if (this.#grants.readLive(grant) === null) return 'ended'
      if (!this.#sessions.isHeldBy(session, grant)) return 'closed'
      return this.#subscriptions.add(session, grant, uri)
    }

    async unsubscribe(session: string, grant: string, uri: string): Promise<void> {
      this.#subscriptions.remove(session, grant, uri)
    }

    async beginCall(intent: CallIntent): Promise<CallStart> {
      return this.#desk.begin(intent)
    }

    async endCall(call: string, outcome: CallOutcome, result: string | null): Promise<void> {
      return this.#desk.end(call, outcome, result)
    }

    async endGrant(grant: string, reason: EndReason): Promise<void> {
      this.#ends.end(grant, reason)
    }

    async endAll(reason: EndReason): Promise<void> {
      this.#ends.endAll(reason)
    }

    /** One act: who is blocked has no grant from here on, and a login that is under way finds it said (openGrant). */
    async setBlocked(isBlocked: boolean): Promise<void> {
      this.#grants.isBlocked = isBlocked
      if (!isBlocked) return
      this.account.closePages()
      this.#ends.endAll('blocked')
    }

    async listGrants(): Promise<ListedGrant[]> {
      return this.account.listGrants()
    }

    async useConfirmation(used: UsedConfirmation) {
      return this.#confirmations.use(used)
    }

    override async alarm(): Promise<void> {
      this.#wake.clear()
      const nextSeconds = this.#ends.endWhatRanOut()
      this.#closeSessions([...this.#sessions.sweep(), ...this.#sessions.untold()])
      if (this.#calls.sweep()) this.#wake.noLaterThan(this.#nowSeconds())
      this.#records.eraseMore()
      if (this.#records.isErasing) this.#wake.noLaterThan(this.#nowSeconds())
      for (const part of [this.stepUps, this.#confirmations, this.account]) part.sweep()
      await this.#revocations.tell(parts.config(this.env), this.#pingone())
      const others = [
        this.#sessions,
        this.#revocations,
        this.#calls,
        this.account,
        this.stepUps,
        this.#confirmations,
      ].map((part) => part.nextSeconds())
      for (const next of [nextSeconds, ...others]) this.#wake.noLaterThan(next)
    }

    /** A grant whose time is over, or that belongs to another tenant than the settings name, hears nothing. */
    #isOpen(id: string): boolean {
      const grant = this.#grants.readLive(id)
      if (grant === null || !this.#records.has(id)) return false
      return !this.#tenant.refuses(grant, parts.config(this.env))
    }

    #pingone(): UserPingOne {
      return steppedPingOne(parts.pingone(this.env), this.#step)
    }
  }
