import type { Config } from '#config.ts'
import { log } from '#lib/log.ts'
import { err } from '#lib/result.ts'
import { thumbprint } from '#lib/hash.ts'
import type { Stop } from '../calls/calls.ts'
import {
  isSameSubject,
  isToReplace,
  type NotOpened,
  REFRESH_AHEAD_SECONDS,
  encryptTokens,
} from './downstream.ts'
import type { EndReason } from '../grants/end-reason.ts'
import type { Grant, EncryptedTokens, Tenant } from '../grants/grant.ts'
import type { GrantTable } from '../grants/grant-table.ts'
import type { UserPingOne } from '../base/step.ts'
import { OpenedTokens } from './opened-tokens.ts'
import { isSameTenant } from '../grants/tenant.ts'
import type { RefreshFailure } from '#pingone/token-requests.ts'

const OUTAGE_RETRY_SECONDS = 30
const OPERATOR_RETRY_SECONDS = 300

export type Live = { verdict: 'go'; token: string } | Stop

/** What a call says when it asks for a token. */
interface Asked {
  /** Thumbprint of one that the API did not take. */
  refused?: string | undefined
  /** Goes to PingOne, where the token has to be renewed; of several that wait, that of the first. */
  transaction: string
}

export interface DownstreamDeps {
  config(): Config
  pingone(): UserPingOne
  nowSeconds(): number
  grants: GrantTable
  endGrant(grant: string, reason: EndReason): void
  /** Has PingOne revoke tokens of a grant that ended before they came. */
  revoke(grant: string, encrypted: string, tenant: Tenant): void
  /** Whether PingOne's issuer calls this user so. */
  isOwn(issuer: string, subject: string): Promise<boolean>
}

/** PingOne's tokens of one user: live when a call needs one, redeemed once however many calls wait. */
export class DownstreamService {
  readonly #parts: DownstreamDeps
  readonly #opened = new OpenedTokens()
  readonly #refreshing = new Map<string, Promise<Live>>()

  constructor(parts: DownstreamDeps) {
    this.#parts = parts
  }

  /** A token good for a call. */
  async live(grant: Grant, asked: Asked): Promise<Live> {
    const config = this.#parts.config()
    const { refused } = asked
    // Refused, not ended: one minute with a wrong setting must not sign everyone out (decision 19).
    if (!isSameTenant(grant.tenant, config))
      return this.#outage('grant.refused', grant, 'settings name another tenant')
    const tokens = await this.#opened.open(config, grant)
    if (!tokens.ok) return this.#unreadable(grant, tokens.error)
    const { access, refresh } = tokens.value
    const nowSeconds = this.#parts.nowSeconds()
    const leftSeconds = grant.downstreamEndsAtSeconds - nowSeconds
    if (refresh === null && leftSeconds <= 0) return this.#end(grant, 'downstream_expired')
    const isGood =
      leftSeconds >= REFRESH_AHEAD_SECONDS && !(await isToReplace(grant, access, refused, nowSeconds))
    if (isGood || refresh === null) return { verdict: 'go', token: access }
    return this.#refreshOnce(grant.id, asked)
  }

  // RFC 9700 §4.14.2: where refresh tokens rotate, presenting one twice looks like theft and kills the family.
  // One redemption per grant; who comes meanwhile waits for the same answer.
  async #refreshOnce(grantId: string, asked: Asked): Promise<Live> {
    const running = this.#refreshing.get(grantId)
    if (running !== undefined) {
      const live = await running
      if (live.verdict !== 'go' || (await thumbprint(live.token)) !== asked.refused) return live
      // What ran did not know that this token is refused, and found nothing to do.
      return this.#refreshOnce(grantId, asked)
    }
    const refresh = this.#refresh(grantId, asked).finally(() => this.#refreshing.delete(grantId))
    this.#refreshing.set(grantId, refresh)
    return refresh
  }

  async #refresh(grantId: string, asked: Asked): Promise<Live> {
    const { grants } = this.#parts
    const { refused, transaction } = asked
    // Read again: who looked before the last refresh was stored would present the token that it spent.
    const before = grants.readLive(grantId)
    if (before === null) return { verdict: 'ended' }
    const tokens = await this.#opened.open(this.#parts.config(), before)
    if (!tokens.ok) return this.#unreadable(before, tokens.error)
    const { access, refresh } = tokens.value
    const nowSeconds = this.#parts.nowSeconds()
    const isRefused = await isToReplace(before, access, refused, nowSeconds)
    const replacedAtSeconds = isRefused ? nowSeconds : before.replacedAtSeconds
    const isRenewed = before.downstreamEndsAtSeconds - nowSeconds >= REFRESH_AHEAD_SECONDS && !isRefused
    if (isRenewed || refresh === null) return { verdict: 'go', token: access }
    const renewed = await this.#renew(before, { access, refresh }, transaction)
    if (!renewed.ok) {
      const { rotated, reason, detail } = renewed.error
      const isCurrent =
        rotated === null
          ? grants.readLive(grantId)?.encrypted === before.encrypted
          : await this.#keep(before, { access, refresh: rotated }, { replacedAtSeconds })
      if (!isCurrent) return this.#refresh(grantId, asked)
      if (reason === 'dead') return this.#end(before, 'pingone_ended')
      // Invariant 10: the grant stays, but no answer says that waiting helps if it does not.
      const isLasting = reason === 'misconfigured' || reason === 'oversized'
      return this.#outage('downstream.not-renewed', before, `${reason}: ${detail}`, isLasting)
    }
    const { accessToken, refreshToken: next, claims } = renewed.value
    // Stored before it is used: the old one is spent from here on.
    const change = { downstreamEndsAtSeconds: claims.exp, replacedAtSeconds }
    const isKept = await this.#keep(before, { access: accessToken, refresh: next }, change)
    return isKept ? { verdict: 'go', token: accessToken } : this.#refresh(grantId, asked)
  }

  /** A token of somebody else is refused as any answer that a check refuses: loudly, and the grant goes on. */
  async #renew(
    grant: Grant,
    { access, refresh }: { access: string; refresh: string },
    transaction: string,
  ): ReturnType<UserPingOne['refresh']> {
    const renewed = await this.#parts.pingone().refresh(refresh, grant.downstreamScopes, transaction)
    if (!renewed.ok) return renewed
    const { refreshToken: rotated, claims, idToken } = renewed.value
    const refused = (detail: string) => err<RefreshFailure>({ reason: 'not_trusted', detail, rotated })
    // Not compared with each other: PingOne may be told to call a user otherwise in tokens for an API.
    if (!isSameSubject(access, claims)) return refused('access token sub')
    if (idToken !== null && !(await this.#parts.isOwn(idToken.iss, idToken.sub)))
      return refused('id token sub')
    return renewed
  }

  /** The grant ended: nothing of it stays open in memory either. */
  forget(grantId: string): void {
    this.#opened.forget(grantId)
  }

  /**
   * False when the grant ended meanwhile, or a step-up gave it other tokens and had the ones revoked that were redeemed
   * here (step-ups.ts): then these are not stored, and PingOne takes them back.
   */
  async #keep(before: Grant, tokens: EncryptedTokens, change: Partial<Grant>): Promise<boolean> {
    const encrypted = await encryptTokens(this.#parts.config(), before.id, tokens)
    const grant = this.#parts.grants.readLive(before.id)
    if (grant === null || grant.encrypted !== before.encrypted) {
      this.#parts.revoke(before.id, encrypted, before.tenant)
      return false
    }
    this.#parts.grants.write({ ...grant, ...change, encrypted })
    return true
  }

  #end({ id }: Grant, reason: EndReason): Live {
    this.#parts.endGrant(id, reason)
    return { verdict: 'ended' }
  }

  /** A key that is not there may come back, a encrypt may be looked at: only a retired key ends what it encrypted. */
  #unreadable(grant: Grant, { reason, detail }: NotOpened): Live {
    if (reason === 'key_retired') return this.#end(grant, 'key_retired')
    return this.#outage('grant.unreadable', grant, detail)
  }

  #outage(event: string, grant: Grant, detail: string, isLasting = false): Live {
    log.error(event, { grant: grant.id, detail })
    const retryAfterSeconds = isLasting ? OPERATOR_RETRY_SECONDS : OUTAGE_RETRY_SECONDS
    return { verdict: 'unavailable', retryAfterSeconds, isLasting }
  }
}
