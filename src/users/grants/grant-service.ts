import type { Config } from '#config.ts'
import type { WakeTime } from '../base/wake-time.ts'
import type { CallTable } from '../calls/call-table.ts'
import type { RequestRates } from '../calls/request-rates.ts'
import type { SessionTable } from '../sessions/sessions.ts'
import { encryptTokens } from '../tokens/downstream.ts'
import type { UserObjectApi } from '../user.ts'
import { type EndReason, type NewGrant, recordInTime } from './grant.ts'
import type { GrantEndService } from './grant-end-service.ts'
import type { Bearer, Commit, CommitResult, Snapshot } from './grant-records.ts'
import type { GrantRecordService } from './grant-record-service.ts'
import type { GrantTable } from './grant-table.ts'
import { TenantGuard, tenantOf } from './tenant.ts'

/** The RPCs of `/token` and of open streams. Idempotent. */
export type GrantApi = Pick<UserObjectApi, 'snapshot' | 'commit' | 'endGrant' | 'hasToken'>

/** The result of the bearer check: token, grant and session in one RPC. */
export interface BearerAnswer {
  bearer: Bearer | null
  /** Whether the grant exists, live or ended, whatever the token. */
  isKnown: boolean
  /** Why the grant ended, for the client to show. */
  ended: EndReason | null
  /** Whether the session of the request is open for this client. */
  session: 'none' | 'open' | 'closed'
  /** The settings name another tenant (tenant.ts). */
  isRefused: boolean
  /** The request rate is exceeded: the client must wait, and there is no bearer. */
  waitSeconds: number
}

interface GrantServiceDeps {
  config: () => Config
  nowSeconds: () => number
  grants: GrantTable
  records: GrantRecordService
  sessions: SessionTable
  calls: CallTable
  rates: RequestRates
  ends: GrantEndService
  wake: WakeTime
}

/** Opens grants, and answers token requests and bearer checks. */
export class GrantService {
  readonly #deps: GrantServiceDeps
  readonly #tenant = new TenantGuard()

  constructor(deps: GrantServiceDeps) {
    this.#deps = deps
  }

  /**
   * Stores grant, code and PingOne's tokens in one act, before the code leaves.
   * @step login 16 the grant, with its encrypted tokens
   */
  async open(given: NewGrant): Promise<'opened' | 'blocked'> {
    const { grants, records, calls, ends, wake } = this.#deps
    const config = this.#deps.config()
    const tokens = { access: given.accessToken, refresh: given.refreshToken }
    const encrypted = await encryptTokens(config, given.id, tokens)
    const tenant = tenantOf(config, given.environment)
    if (grants.isBlocked) {
      ends.revoke(given.id, encrypted, tenant)
      return 'blocked'
    }
    // A retry: the grant may have changed or ended since, and stays as it is.
    if (grants.read(given.id) !== null) return 'opened'
    for (const { id } of grants.tooManyFor(config.life.grantsPerUser, given)) ends.end(id, 'cap')
    calls.create()
    records.create(given.id, given.record)
    grants.open(given, encrypted, tenant)
    wake.noLaterThan(given.record.expiresAtSeconds)
    return 'opened'
  }

  snapshot(grantId: string, presented: string, isRefresh: boolean): Snapshot {
    const { records, rates, ends, nowSeconds } = this.#deps
    const config = this.#deps.config()
    const found = records.snapshot(grantId, presented)
    const grant = ends.readCurrent(grantId)
    if (grant === null || grant.ended !== null) {
      const ended = grant?.ended?.reason ?? null
      return { ...found, over: null, ended, isRefused: false, waitSeconds: 0 }
    }
    // Forged tokens and long spent ones do not count: a flood with them must not block the grant's own client.
    const isCounted = isRefresh && found.repeat !== 'reuse' && records.isRefreshToken(grantId, presented)
    const waitSeconds = isCounted ? rates.take(grantId) : 0
    const isRefused = this.#tenant.refuses(grant, config)
    const inTime = recordInTime(grant, found.grant, config.life, nowSeconds())
    const wornOut = records.isWornOut(grantId) ? 'refreshed_too_often' : null
    return { ...found, ...inTime, over: inTime.over ?? wornOut, ended: null, isRefused, waitSeconds }
  }

  commit(grantId: string, commit: Commit): CommitResult {
    const { grants, records, wake } = this.#deps
    const ended = grants.read(grantId)?.ended?.reason
    // A revocation of an ended grant is done already; any other request gets nothing.
    if (ended !== undefined && commit.writes.some(([, row]) => row !== null))
      return { outcome: 'ended', ended }
    const result = records.commit(grantId, commit)
    for (const [, row] of commit.writes) wake.noLaterThan(row?.expiresAtSeconds ?? null)
    return result
  }

  bearer(grantId: string, token: string, session: string | null): BearerAnswer {
    const { grants, records, sessions, rates, ends, config } = this.#deps
    const grant = grants.read(grantId)
    const bearer = grant === null || grant.ended !== null ? null : records.bearer(grantId, token)
    const denial = { bearer: null, ended: null, session: 'none', isRefused: false, waitSeconds: 0 } as const
    const isKnown = grant !== null
    if (grant === null || bearer === null)
      return { ...denial, isKnown, ended: ends.readCurrent(grantId)?.ended?.reason ?? null }
    const waitSeconds = rates.take(grantId)
    if (waitSeconds > 0) return { ...denial, isKnown, waitSeconds }
    grants.markUsed(grant)
    const answer = { ...denial, isKnown, bearer, isRefused: this.#tenant.refuses(grant, config()) }
    if (session === null) return answer
    return { ...answer, session: sessions.isOpen(session, grantId, bearer.client) ? 'open' : 'closed' }
  }

  /** Whether notifications may be sent: not for an expired grant, nor for one of another tenant. */
  isOpen(grantId: string): boolean {
    const grant = this.#deps.grants.readLive(grantId)
    if (grant === null || !this.#deps.records.has(grantId)) return false
    return !this.#tenant.refuses(grant, this.#deps.config())
  }
}
