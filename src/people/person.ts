import { DurableObject } from 'cloudflare:workers'
import { log } from '../lib/log.ts'
import { CallLog } from './call-log.ts'
import { answerEarlier, sealResult } from './call-results.ts'
import { LOST_AFTER_MS } from './call-sweep.ts'
import type { CallIntent, CallOutcome, CallStart } from './calls.ts'
import { CallsUnderWay } from './calls-under-way.ts'
import { sealTokens, tenantOf } from './downstream.ts'
import { DownstreamKeeper } from './downstream-keeper.ts'
import type { EndReason } from './end-reason.ts'
import type { Grant, NewGrant } from './grant.ts'
import { GrantBook } from './grant-book.ts'
import type { BearerAnswer } from './grant-keeper.ts'
import { type Commit, type Committed, GrantRecords, type Snapshot } from './grant-records.ts'
import type { PersonObject, PersonParts } from './person-object.ts'
import { Revocations } from './revocations.ts'
import { Sessions } from './sessions.ts'
import { type PersonPingOne, plainStep, steppedPingOne, steppedStorage } from './step.ts'
import { WakeTime } from './wake-time.ts'

/**
 * One Durable Object per person: their grants with the library's records, PingOne's tokens sealed under each, open
 * sessions, and what was done. What changes a grant has no `await` between reading and writing, so it is one act.
 * The constructor writes nothing: an object that a stranger's bearer reaches stays empty.
 */
export const makePerson = (parts: PersonParts) =>
  class extends DurableObject<Env> implements PersonObject {
    readonly #nowSeconds = () => Math.floor(parts.nowMs() / 1000)
    readonly #step = parts.stepOf?.(this.ctx) ?? plainStep
    readonly #storage = steppedStorage(this.ctx.storage, this.#step)
    readonly #grants = new GrantBook(this.#storage.kv, this.#nowSeconds)
    readonly #records = new GrantRecords(this.#storage.kv, this.#nowSeconds)
    readonly #sessions = new Sessions(this.#storage.kv, this.#nowSeconds)
    readonly #revocations = new Revocations(this.#storage.kv, this.#nowSeconds)
    readonly #calls = new CallLog(this.#storage, () => parts.nowMs())
    readonly #underWay = new CallsUnderWay()
    readonly #wake = new WakeTime(this.#storage)
    readonly #downstream = new DownstreamKeeper({
      config: () => parts.config(this.env),
      pingone: () => this.#pingone(),
      nowSeconds: this.#nowSeconds,
      grants: this.#grants,
      endGrant: (grant, reason) => this.#end(grant, reason),
    })

    /** `/callback` came to its end: grant, code and PingOne's tokens are here, in one act, before the code leaves. */
    async openGrant(given: NewGrant): Promise<'opened' | 'blocked'> {
      const config = parts.config(this.env)
      const tokens = { access: given.accessToken, refresh: given.refreshToken }
      const sealed = await sealTokens(config, given.id, tokens)
      if (this.#grants.isBlocked) {
        this.#revocations.add(given.id, sealed)
        this.#tellPingOne()
        return 'blocked'
      }
      for (const { id } of this.#grants.tooManyFor(config.life.grantsPerPerson, given.id))
        this.#end(id, 'cap')
      const now = this.#nowSeconds()
      this.#calls.makeTable()
      this.#records.create(given.id, given.record)
      this.#grants.write({
        id: given.id,
        client: given.client,
        personName: given.personName,
        openedAtSeconds: now,
        usedAtSeconds: now,
        downstreamScopes: given.downstreamScopes,
        tenant: tenantOf(config),
        sealed,
        downstreamEndsAtSeconds: given.downstreamEndsAtSeconds,
        replacedAtSeconds: null,
        ended: null,
      })
      this.#wake.noLaterThan(given.record.expiresAtSeconds)
      return 'opened'
    }

    async snapshot(grant: string, presented: string): Promise<Snapshot> {
      const ended = this.#grants.read(grant)?.ended?.reason ?? null
      return { ...this.#records.snapshot(grant, presented), ended }
    }

    async commit(grant: string, commit: Commit): Promise<Committed> {
      const committed = this.#records.commit(grant, commit)
      for (const [, row] of commit.writes) this.#wake.noLaterThan(row?.expiresAtSeconds ?? null)
      return committed
    }

    async bearer(grantId: string, token: string, session: string | null): Promise<BearerAnswer> {
      const grant = this.#grants.read(grantId)
      const bearer = grant === null || grant.ended !== null ? null : this.#records.bearer(grantId, token)
      if (grant === null || bearer === null) {
        return { bearer: null, ended: grant?.ended?.reason ?? null, session: 'none' }
      }
      this.#grants.markUsed(grant)
      if (session === null) return { bearer, ended: null, session: 'none' }
      const isOpen = this.#sessions.isOpen(session, grantId, bearer.client)
      return { bearer, ended: null, session: isOpen ? 'open' : 'closed' }
    }

    async openSession(session: string, grant: string, client: string): Promise<void> {
      if (this.#grants.readLive(grant) === null) return this.#closeSessions([session])
      this.#closeSessions(this.#sessions.open(session, grant, client))
      this.#wake.noLaterThan(this.#sessions.nextSeconds())
    }

    async closeSession(session: string): Promise<void> {
      this.#sessions.close(session)
    }

    /** Stores the intent, then answers with a live downstream token: no effect without a record (invariant 8). */
    async beginCall(intent: CallIntent): Promise<CallStart> {
      const running = this.#calls.earlier(intent)
      if (running?.verdict === 'running') await this.#underWay.endOf(running.call)
      const grant = this.#grants.readLive(intent.grant)
      if (grant === null || grant.client !== intent.client) return { verdict: 'ended' }
      const earlier = this.#calls.begin(intent)
      if (earlier !== null) return answerEarlier(parts.config(this.env), earlier)
      this.#wake.noLaterThan(Math.ceil((parts.nowMs() + LOST_AFTER_MS) / 1000))
      const live = await this.#downstream.live(grant, intent.refused)
      if (live.verdict === 'go') {
        const person = { name: grant.personName }
        return { verdict: 'go', call: intent.transaction, downstreamToken: live.token, person }
      }
      // Of a call that is under way endCall will tell: it may have done something before the API refused a token.
      if (intent.refused === undefined) this.#endCall(intent.transaction, 'refused', null)
      return live
    }

    async endCall(call: string, outcome: CallOutcome, result: string | null): Promise<void> {
      const grant = result === null ? null : this.#calls.keepsResultFor(call)
      if (result === null || grant === null) return this.#endCall(call, outcome, null)
      const sealed = await sealResult(parts.config(this.env), grant, result)
      // Looked at after sealing: nothing is kept for a grant that ended meanwhile.
      this.#endCall(call, outcome, this.#grants.readLive(grant) === null ? null : sealed)
      this.#wake.noLaterThan(this.#calls.nextSeconds())
    }

    async endGrant(grant: string, reason: EndReason): Promise<void> {
      this.#end(grant, reason)
    }

    async endAll(reason: EndReason): Promise<void> {
      for (const { id } of this.#grants.live()) this.#end(id, reason)
    }

    /** One act: who is blocked has no grant from here on, and a login that is under way finds it said (openGrant). */
    async setBlocked(isBlocked: boolean): Promise<void> {
      this.#grants.isBlocked = isBlocked
      if (isBlocked) for (const { id } of this.#grants.live()) this.#end(id, 'blocked')
    }

    async listGrants(): Promise<Omit<Grant, 'sealed'>[]> {
      return this.#grants.all().map(({ sealed: _sealed, ...grant }) => grant)
    }

    override async alarm(): Promise<void> {
      this.#wake.clear()
      const { over, nextSeconds } = this.#records.sweep()
      for (const { grant, wasRedeemed } of over) {
        this.#end(grant, wasRedeemed ? this.#whyOver(grant) : 'code_not_redeemed')
        this.#records.erase(grant)
      }
      this.#closeSessions(this.#sessions.sweep())
      this.#calls.sweep()
      await this.#revocations.tell(parts.config(this.env), this.#pingone())
      const others = [this.#sessions, this.#revocations, this.#calls].map((part) => part.nextSeconds())
      for (const next of [nextSeconds, ...others]) this.#wake.noLaterThan(next)
    }

    /** The one way in which a grant ends. The row that stays is the record; nothing that opens anything stays. */
    #end(grantId: string, reason: EndReason): void {
      const grant = this.#grants.readLive(grantId)
      if (grant === null) return
      this.#records.erase(grantId)
      this.#grants.markEnded(grant, reason)
      this.#downstream.forget(grantId)
      this.#calls.dropResults(grantId)
      // PingOne knows already where it was PingOne that ended it.
      if (reason !== 'pingone_ended') this.#revocations.add(grantId, grant.sealed)
      this.#closeSessions(this.#sessions.closeAllOf(grantId))
      this.#tellPingOne()
      log.info('grant.ended', { grant: grantId, reason })
    }

    #endCall(call: string, outcome: CallOutcome, sealed: string | null): void {
      this.#calls.end(call, outcome, sealed)
      this.#underWay.tellEnd(call)
    }

    #whyOver(grantId: string): EndReason {
      const { grantMaxSeconds } = parts.config(this.env).life
      const age = this.#nowSeconds() - (this.#grants.read(grantId)?.openedAtSeconds ?? 0)
      return age >= grantMaxSeconds ? 'too_old' : 'idle'
    }

    /** At once, and again by the alarm while PingOne does not answer: ending must never wait for it. */
    #tellPingOne(): void {
      this.#wake.noLaterThan(this.#revocations.nextSeconds())
    }

    #pingone(): PersonPingOne {
      return steppedPingOne(parts.pingone(this.env), this.#step)
    }

    #closeSessions(sessions: readonly string[]): void {
      for (const session of sessions) this.ctx.waitUntil(this.#closeSessionObject(session))
    }

    async #closeSessionObject(session: string): Promise<void> {
      try {
        await this.#step('session.end', () => parts.closeSession(this.env, session))
      } catch (error) {
        // Its streams live until the next request, which is refused; nothing else depends on it.
        log.warn('session.not-closed', { detail: error instanceof Error ? error.name : 'unknown' })
      }
    }
  }
