import type { Config } from '#config.ts'
import type { Emit } from '#events/event.ts'
import { log } from '#lib/log.ts'
import { err } from '#lib/result.ts'
import { thumbprint } from '#lib/hash.ts'
import type { RenewedIdTokenClaims } from '#pingone/claims.ts'
import type { RefreshFailure } from '#pingone/token-requests.ts'
import type { UserPingOne } from '../base/step.ts'
import type { CallDenial } from '../calls/calls.ts'
import type { DownstreamTokens, EndReason, Grant, Tenant } from '../grants/grant.ts'
import type { GrantTable } from '../grants/grant-table.ts'
import type { UserClaims } from '../grants/user-claims.ts'
import { isSameTenant } from '../grants/tenant.ts'
import {
  encryptTokens,
  isSameSubject,
  isToReplace,
  REFRESH_AHEAD_SECONDS,
  TokenCache,
  type TokenDenial,
} from './downstream.ts'

const OUTAGE_RETRY_SECONDS = 30
const OPERATOR_RETRY_SECONDS = 300
/** How long claims are not asked for again, per grant, after a refresh that brought none. */
const CLAIMS_PAUSE_SECONDS = 60

type TokenAnswer = { verdict: 'go'; token: string } | CallDenial

interface TokenRequest {
  /** Thumbprint of a token that the API refused. */
  refused?: string | undefined
  /** The id of the call, sent to PingOne with a refresh. If several calls wait, the first one's is sent. */
  transaction: string
  /** Replaces a token that has time left, if the claims of its user are older. */
  claimsMaxAgeSeconds?: number
}

export interface DownstreamDeps {
  config(): Config
  pingone(): UserPingOne
  nowSeconds(): number
  grants: GrantTable
  claims: UserClaims
  endGrant(grant: string, reason: EndReason): void
  /** Revokes tokens at PingOne that arrived after the end of their grant. */
  revoke(grant: string, encrypted: string, tenant: Tenant): void
  emit: Emit
  /** Whether this subject of this issuer is the object's user. */
  isOwn(issuer: string, subject: string): Promise<boolean>
}

/** Provides PingOne's tokens of one user. Refreshes on demand, once for all calls that wait (single-flight). */
export class DownstreamService {
  readonly #deps: DownstreamDeps
  readonly #cache = new TokenCache()
  readonly #refreshing = new Map<string, Promise<TokenAnswer>>()
  /** When a refresh brought no claims, by grant. */
  readonly #withoutClaims = new Map<string, number>()

  constructor(deps: DownstreamDeps) {
    this.#deps = deps
  }

  /**
   * A token with enough time left for a call.
   * @step tool-call 3-4 a live downstream token
   * @step refresh 3-6 one refresh of PingOne's token at a time
   */
  async live(grant: Grant, request: TokenRequest): Promise<TokenAnswer> {
    const config = this.#deps.config()
    const { refused } = request
    // Refuses but does not end the grant: a wrong setting must not sign everyone out (decision 19).
    if (!isSameTenant(grant.tenant, config))
      return this.#outage('grant.refused', grant, 'settings name another tenant')
    const tokens = await this.#cache.open(config, grant)
    if (!tokens.ok) return this.#unreadable(grant, tokens.error)
    const { access, refresh } = tokens.value
    const nowSeconds = this.#deps.nowSeconds()
    const leftSeconds = grant.downstreamEndsAtSeconds - nowSeconds
    if (refresh === null && leftSeconds <= 0) return this.#end(grant, 'downstream_expired')
    const isGood =
      leftSeconds >= REFRESH_AHEAD_SECONDS && !(await isToReplace(grant, access, refused, nowSeconds))
    if (isGood || refresh === null) return { verdict: 'go', token: access }
    return this.#refreshOnce(grant.id, request)
  }

  /**
   * Refreshes PingOne's token to read the user's claims anew. `unavailable`: PingOne does not answer, or its id token has none
   * of them, or one that is incomplete. `ended`: without a refresh token the grant cannot renew old ones, so it has ended.
   */
  async renewClaims(grant: Grant, claimsMaxAgeSeconds: number): Promise<'renewed' | 'unavailable' | 'ended'> {
    const config = this.#deps.config()
    if (!isSameTenant(grant.tenant, config)) return 'unavailable'
    const tokens = await this.#cache.open(config, grant)
    const isRenewable = tokens.ok && tokens.value.refresh !== null
    const answer = isRenewable
      ? await this.#refreshOnce(grant.id, { transaction: crypto.randomUUID(), claimsMaxAgeSeconds })
      : tokens.ok
        ? this.#endIfOld(grant, claimsMaxAgeSeconds)
        : this.#unreadable(grant, tokens.error)
    if (answer.verdict !== 'go') return answer.verdict
    return this.#areClaimsToRenew(grant.id, claimsMaxAgeSeconds) ? 'unavailable' : 'renewed'
  }

  #areClaimsToRenew(grantId: string, maxAgeSeconds: number): boolean {
    const { claims } = this.#deps
    return claims.isToRenew(claims.read(grantId), maxAgeSeconds)
  }

  /** A sign-in just after another one would bring the same incomplete claims, so those only wait until they are old. */
  #endIfOld(grant: Grant, maxAgeSeconds: number): TokenAnswer {
    const { claims } = this.#deps
    if (claims.isOlderThan(claims.read(grant.id), maxAgeSeconds)) return this.#end(grant, 'claims_too_old')
    return { verdict: 'unavailable', retryAfterSeconds: OUTAGE_RETRY_SECONDS }
  }

  #areClaimsDue(grantId: string, { claimsMaxAgeSeconds }: TokenRequest): boolean {
    if (claimsMaxAgeSeconds === undefined) return false
    const triedAtSeconds = this.#withoutClaims.get(grantId) ?? -Infinity
    const isPaused = this.#deps.nowSeconds() - triedAtSeconds < CLAIMS_PAUSE_SECONDS
    return !isPaused && this.#areClaimsToRenew(grantId, claimsMaxAgeSeconds)
  }

  // RFC 9700 §4.14.2: presenting a rotated refresh token twice looks like theft and revokes the token family.
  // One redemption per grant at a time; concurrent calls wait for the same answer.
  async #refreshOnce(grantId: string, request: TokenRequest): Promise<TokenAnswer> {
    const running = this.#refreshing.get(grantId)
    if (running !== undefined) {
      const live = await running
      if (live.verdict !== 'go') return live
      const isEnough = (await thumbprint(live.token)) !== request.refused
      if (isEnough && !this.#areClaimsDue(grantId, request)) return live
      // The finished refresh did not know that the API refused this token, or it brought no claims.
      return this.#refreshOnce(grantId, request)
    }
    const refresh = this.#refresh(grantId, request).finally(() => this.#refreshing.delete(grantId))
    this.#refreshing.set(grantId, refresh)
    return refresh
  }

  async #refresh(grantId: string, request: TokenRequest): Promise<TokenAnswer> {
    const { grants } = this.#deps
    const { refused, transaction } = request
    // Read again: the caller's copy may hold a refresh token that an earlier refresh has spent.
    const before = grants.readLive(grantId)
    if (before === null) return { verdict: 'ended' }
    const tokens = await this.#cache.open(this.#deps.config(), before)
    if (!tokens.ok) return this.#unreadable(before, tokens.error)
    const { access, refresh } = tokens.value
    const nowSeconds = this.#deps.nowSeconds()
    const isRefused = await isToReplace(before, access, refused, nowSeconds)
    const replacedAtSeconds = isRefused ? nowSeconds : before.replacedAtSeconds
    const hasTime = before.downstreamEndsAtSeconds - nowSeconds >= REFRESH_AHEAD_SECONDS
    const isRenewed = hasTime && !isRefused && !this.#areClaimsDue(grantId, request)
    if (isRenewed || refresh === null) return { verdict: 'go', token: access }
    const renewed = await this.#renew(before, { access, refresh }, transaction)
    if (!renewed.ok) {
      const { rotated, reason, detail } = renewed.error
      const isCurrent =
        rotated === null
          ? grants.readLive(grantId)?.encrypted === before.encrypted
          : await this.#keep(before, { access, refresh: rotated }, { replacedAtSeconds })
      if (!isCurrent) return this.#refresh(grantId, request)
      if (reason === 'dead') return this.#end(before, 'pingone_ended')
      // Invariant 10: the grant stays; the answer says whether waiting can help.
      const isLasting = reason === 'misconfigured' || reason === 'oversized'
      return this.#outage('downstream.not-renewed', before, `${reason}: ${detail}`, isLasting)
    }
    const given: typeof renewed.value & { correlation?: string } = renewed.value
    const { accessToken, refreshToken: next, claims, idToken, correlation } = given
    // Stored before use: the old refresh token is spent from now on.
    const change = { downstreamEndsAtSeconds: claims.exp, replacedAtSeconds }
    const isKept = await this.#keep(before, { access: accessToken, refresh: next }, change, idToken)
    if (!isKept) return this.#refresh(grantId, request)
    const { claimsMaxAgeSeconds } = request
    if (claimsMaxAgeSeconds !== undefined && this.#areClaimsToRenew(grantId, claimsMaxAgeSeconds))
      log.error('claims.not-renewed', { grant: grantId, hasIdToken: idToken !== null })
    const facts = correlation === undefined ? {} : { correlation }
    this.#deps.emit({ type: 'downstream.refreshed', grant: grantId, transaction, ...facts })
    return { verdict: 'go', token: accessToken }
  }

  /** Refuses tokens of another user with an error log. The grant stays. */
  async #renew(
    grant: Grant,
    { access, refresh }: { access: string; refresh: string },
    transaction: string,
  ): ReturnType<UserPingOne['refresh']> {
    const renewed = await this.#deps.pingone().refresh(refresh, grant.downstreamScopes, transaction)
    if (!renewed.ok) return renewed
    const { refreshToken: rotated, claims, idToken } = renewed.value
    const refused = (detail: string) => err<RefreshFailure>({ reason: 'not_trusted', detail, rotated })
    // Each token has its own check: PingOne can map different subjects into tokens for an API.
    if (!isSameSubject(access, claims)) return refused('access token sub')
    if (idToken !== null && !(await this.#deps.isOwn(idToken.iss, idToken.sub)))
      return refused('id token sub')
    return renewed
  }

  /** Drops the decrypted tokens of an ended grant. */
  forget(grantId: string): void {
    this.#cache.forget(grantId)
    this.#withoutClaims.delete(grantId)
  }

  /**
   * False if the grant ended meanwhile, or a step-up replaced its tokens (step-ups.ts).
   * The refreshed tokens are then revoked at PingOne and not stored.
   */
  async #keep(
    before: Grant,
    tokens: DownstreamTokens,
    change: Partial<Grant>,
    idToken: RenewedIdTokenClaims | null = null,
  ): Promise<boolean> {
    const { claims } = this.#deps
    const encrypted = await encryptTokens(this.#deps.config(), before.id, tokens)
    const prepared = idToken === null ? null : await claims.prepare(before.id, idToken.mapped)
    const grant = this.#deps.grants.readLive(before.id)
    if (grant === null || grant.encrypted !== before.encrypted) {
      this.#deps.revoke(before.id, encrypted, before.tenant)
      return false
    }
    this.#deps.grants.write({ ...grant, ...change, encrypted })
    if (prepared !== null && claims.storeRenewal(before.id, prepared, idToken?.acr))
      this.#withoutClaims.delete(before.id)
    else this.#withoutClaims.set(before.id, this.#deps.nowSeconds())
    return true
  }

  #end({ id }: Grant, reason: EndReason): TokenAnswer {
    this.#deps.endGrant(id, reason)
    return { verdict: 'ended' }
  }

  /** Only a retired key ends the grant: a missing key may return, and a broken ciphertext may be examined. */
  #unreadable(grant: Grant, { reason, detail }: TokenDenial): TokenAnswer {
    if (reason === 'key_retired') return this.#end(grant, 'key_retired')
    return this.#outage('grant.unreadable', grant, detail)
  }

  #outage(event: string, grant: Grant, detail: string, isLasting = false): TokenAnswer {
    log.error(event, { grant: grant.id, detail })
    const retryAfterSeconds = isLasting ? OPERATOR_RETRY_SECONDS : OUTAGE_RETRY_SECONDS
    return { verdict: 'unavailable', retryAfterSeconds, isLasting }
  }
}
