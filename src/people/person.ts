import { DurableObject } from 'cloudflare:workers'
import type { Config } from '../config.ts'
import { log } from '../lib/log.ts'
import type { PingOne } from '../pingone/client.ts'
import { makeCallTable, recordIntent, recordOutcome } from './call-log.ts'
import type { CallIntent, CallKeeper, CallOutcome, CallStart } from './calls.ts'
import { isSameTenant, isToReplace, REFRESH_AHEAD_SECONDS, sealTokens, tenantOf } from './downstream.ts'
import { Grant, type NewGrant, type SealedTokens } from './grant.ts'
import { OpenedTokens } from './opened-tokens.ts'

export interface PersonParts {
  config(env: Env): Config
  pingone(env: Env): PingOne
  /** Milliseconds since 1970. */
  nowMs(): number
}

const OUTAGE_RETRY_SECONDS = 30

type Live = { verdict: 'go'; token: string } | Exclude<CallStart, { verdict: 'go' }>

/** What others may ask of a Person. */
export interface PersonObject extends DurableObject<Env>, CallKeeper {
  openGrant(given: NewGrant): Promise<void>
  beginCall(intent: CallIntent): Promise<CallStart>
}

/**
 * One Durable Object per person: their grants, PingOne's tokens sealed under each, and what was done with them.
 * The constructor writes nothing and reads nothing: an object that a stranger's bearer reaches stays empty.
 */
export const makePerson = (parts: PersonParts) =>
  class extends DurableObject<Env> implements PersonObject {
    readonly #opened = new OpenedTokens()
    readonly #refreshing = new Map<string, Promise<Live>>()

    /** `/callback` came to its end: a person allowed a client, and PingOne's tokens are here before the code leaves. */
    async openGrant(given: NewGrant): Promise<void> {
      const config = parts.config(this.env)
      const tokens = { access: given.accessToken, refresh: given.refreshToken }
      const grant: Grant = {
        id: given.id,
        client: given.client,
        personName: given.personName,
        openedAtSeconds: this.#nowSeconds(),
        downstreamScopes: given.downstreamScopes,
        tenant: tenantOf(config),
        sealed: await sealTokens(config, given.id, tokens),
        downstreamEndsAtSeconds: given.downstreamEndsAtSeconds,
        replacedAtSeconds: null,
        ended: null,
      }
      makeCallTable(this.ctx.storage.sql)
      this.#write(grant)
    }

    /** Stores the intent, then answers with a live downstream token: no effect without a record (invariant 8). */
    async beginCall(intent: CallIntent): Promise<CallStart> {
      const grant = this.#read(intent.grant)
      if (grant === null || grant.ended !== null || grant.client !== intent.client)
        return { verdict: 'ended' }
      recordIntent(this.ctx.storage.sql, intent, parts.nowMs())
      const live = await this.#liveToken(grant, intent.refused)
      if (live.verdict === 'go') {
        const person = { name: grant.personName }
        return { verdict: 'go', call: intent.transaction, downstreamToken: live.token, person }
      }
      // Of a call that is under way endCall will tell: it may have done something before the API refused a token.
      if (intent.refused === undefined)
        recordOutcome(this.ctx.storage.sql, intent.transaction, 'refused', parts.nowMs())
      return live
    }

    async endCall(call: string, outcome: CallOutcome): Promise<void> {
      recordOutcome(this.ctx.storage.sql, call, outcome, parts.nowMs())
    }

    async #liveToken(grant: Grant, refused: string | undefined): Promise<Live> {
      const config = parts.config(this.env)
      // Refused, not ended: one minute with a wrong setting must not sign everyone out (decision 19).
      if (!isSameTenant(grant, config))
        return this.#outage('grant.refused', grant, 'settings name another tenant')
      const tokens = await this.#opened.open(config, grant)
      if (!tokens.ok) return this.#outage('grant.unreadable', grant, tokens.error)
      const { access, refresh } = tokens.value
      const nowSeconds = this.#nowSeconds()
      const leftSeconds = grant.downstreamEndsAtSeconds - nowSeconds
      if (refresh === null && leftSeconds <= 0) return this.#end(grant, 'downstream_expired')
      const isGood =
        leftSeconds >= REFRESH_AHEAD_SECONDS && !(await isToReplace(grant, access, refused, nowSeconds))
      if (isGood || refresh === null) return { verdict: 'go', token: access }
      return this.#refreshOnce(grant.id, refused)
    }

    // RFC 9700 §4.14.2: where refresh tokens rotate, presenting one twice looks like theft and kills the family.
    // One redemption per grant; who comes meanwhile waits for the same answer.
    #refreshOnce(grantId: string, refused: string | undefined): Promise<Live> {
      const running = this.#refreshing.get(grantId)
      if (running !== undefined) return running
      const refresh = this.#refresh(grantId, refused).finally(() => this.#refreshing.delete(grantId))
      this.#refreshing.set(grantId, refresh)
      return refresh
    }

    async #refresh(grantId: string, refused: string | undefined): Promise<Live> {
      const config = parts.config(this.env)
      // Read again: who looked before the last refresh was stored would present the token that it spent.
      const before = this.#read(grantId)
      if (before === null || before.ended !== null) return { verdict: 'ended' }
      const tokens = await this.#opened.open(config, before)
      if (!tokens.ok) return this.#outage('grant.unreadable', before, tokens.error)
      const { access, refresh } = tokens.value
      const nowSeconds = this.#nowSeconds()
      const isRefused = await isToReplace(before, access, refused, nowSeconds)
      const replacedAtSeconds = isRefused ? nowSeconds : before.replacedAtSeconds
      const isRenewed = before.downstreamEndsAtSeconds - nowSeconds >= REFRESH_AHEAD_SECONDS && !isRefused
      if (isRenewed || refresh === null) return { verdict: 'go', token: access }
      const renewed = await parts.pingone(this.env).refresh(refresh, before.downstreamScopes)
      const grant = this.#read(grantId)
      if (grant === null || grant.ended !== null) return { verdict: 'ended' }
      if (!renewed.ok) {
        const { rotated } = renewed.error
        if (rotated !== null) await this.#keep(grant, { access, refresh: rotated }, { replacedAtSeconds })
        if (renewed.error.reason === 'dead') return this.#end(grant, 'pingone_ended')
        return this.#outage(
          'downstream.not-renewed',
          grant,
          `${renewed.error.reason}: ${renewed.error.detail}`,
        )
      }
      const { accessToken, refreshToken: next, claims } = renewed.value
      // Stored before it is used: the old one is spent from here on.
      const change = { downstreamEndsAtSeconds: claims.exp, replacedAtSeconds }
      const isKept = await this.#keep(grant, { access: accessToken, refresh: next }, change)
      return isKept ? { verdict: 'go', token: accessToken } : { verdict: 'ended' }
    }

    /** False when the grant ended meanwhile: then no token is stored under it. */
    async #keep({ id }: Grant, tokens: SealedTokens, change: Partial<Grant>): Promise<boolean> {
      const sealed = await sealTokens(parts.config(this.env), id, tokens)
      const grant = this.#read(id)
      if (grant === null || grant.ended !== null) return false
      this.#write({ ...grant, ...change, sealed })
      return true
    }

    #end(grant: Grant, reason: string): Live {
      this.#opened.forget(grant.id)
      this.#write({ ...grant, sealed: '', ended: { reason, atSeconds: this.#nowSeconds() } })
      log.info('grant.ended', { grant: grant.id, reason })
      return { verdict: 'ended' }
    }

    #outage(event: string, grant: Grant, detail: string): Live {
      log.error(event, { grant: grant.id, detail })
      return { verdict: 'unavailable', retryAfterSeconds: OUTAGE_RETRY_SECONDS }
    }

    #nowSeconds(): number {
      return Math.floor(parts.nowMs() / 1000)
    }

    #read(grantId: string): Grant | null {
      const stored = this.ctx.storage.kv.get(`grant:${grantId}`)
      return stored === undefined ? null : Grant.parse(stored)
    }

    #write(grant: Grant): void {
      this.ctx.storage.kv.put(`grant:${grant.id}`, grant)
    }
  }
