import type { Config } from '#config.ts'
import type { Redemption } from '#oauth-store/spent-tokens.ts'
import type { Emit } from '#events/event.ts'
import type { AuditKey } from '../audit/audit-key.ts'
import type { Directory } from '../audit/directory.ts'
import type { Outbox } from '../audit/outbox.ts'
import type { WakeTime } from '../base/wake-time.ts'
import type { CallTable } from '../calls/call-table.ts'
import type { RequestRates } from '../calls/request-rates.ts'
import type { SessionTable } from '../sessions/sessions.ts'
import { encryptTokens } from '../tokens/downstream.ts'
import type { UserObjectApi } from '../user.ts'
import { type EndReason, eventClient, type NewGrant, recordInTime, type RefusedLogin } from './grant.ts'
import type { GrantEndService } from './grant-end-service.ts'
import {
  type Bearer,
  type Commit,
  type CommitResult,
  parseGrantRecord,
  type Snapshot,
} from './grant-records.ts'
import type { GrantRecordService } from './grant-record-service.ts'
import type { GrantTable } from './grant-table.ts'
import { TenantGuard, tenantOf } from './tenant.ts'
import type { UserClaims } from './user-claims.ts'

/** The RPCs of `/token` and of open streams. Idempotent. */
export type GrantApi = Pick<
  UserObjectApi,
  'snapshot' | 'commit' | 'endGrant' | 'applyAct' | 'hasToken' | 'reportFinding'
>

/** The result of the bearer check: token, grant and session in one RPC. */
export interface BearerAnswer {
  bearer: (Bearer & { openedAtSeconds: number }) | null
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
  claims: UserClaims
  records: GrantRecordService
  sessions: SessionTable
  calls: CallTable
  rates: RequestRates
  ends: GrantEndService
  wake: WakeTime
  outbox: Outbox
  auditKey: AuditKey
  directory: Directory
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
    const { grants, claims, records, calls, ends, wake, outbox, auditKey, directory } = this.#deps
    const config = this.#deps.config()
    const tokens = { access: given.accessToken, refresh: given.refreshToken }
    const encrypted = await encryptTokens(config, given.id, tokens)
    const tenant = tenantOf(config, given.environment)
    const newKey = await auditKey.prepare()
    const { signIn } = given
    const prepared = signIn === undefined ? null : await claims.prepare(given.id, signIn)
    // No await from here: the rest is one act.
    if (grants.isBlocked) {
      outbox.emit({ type: 'login.refused', ...originOf(given), reason: 'blocked' })
      ends.revoke(given.id, encrypted, tenant)
      return 'blocked'
    }
    // A retry: the grant may have changed or ended since, and stays as it is.
    if (grants.read(given.id) !== null) return 'opened'
    for (const { id } of grants.tooManyFor(config.life.grantsPerUser, given)) ends.end(id, 'cap')
    calls.create()
    outbox.create()
    auditKey.store(newKey)
    directory.renew()
    records.create(given.id, given.record)
    grants.open(given, encrypted, tenant)
    if (signIn !== undefined && prepared !== null) claims.storeSignIn(given.id, prepared, signIn)
    emitLogin(outbox.emit, given)
    wake.noLaterThan(given.record.expiresAtSeconds)
    return 'opened'
  }

  /** Records a login that policy refused: also of a user who has no grant, because PingOne has authenticated them. */
  noteRefusal({ rule, ...login }: RefusedLogin): void {
    const { outbox } = this.#deps
    outbox.create()
    outbox.emit({
      type: 'login.refused',
      ...originOf(login),
      reason: 'policy',
      ...(rule !== null && { rule }),
    })
  }

  snapshot(grantId: string, presented: string, isRefresh: boolean): Snapshot {
    const { records, rates, ends, nowSeconds } = this.#deps
    const config = this.#deps.config()
    const found = records.snapshot(grantId, presented)
    const grant = ends.readCurrent(grantId)
    if (grant === null || grant.ended !== null) {
      const ended = grant?.ended?.reason ?? null
      return { ...found, opened: null, over: null, ended, isRefused: false, waitSeconds: 0 }
    }
    // Forged tokens and long spent ones do not count: a flood with them must not block the grant's own client.
    const isCounted = isRefresh && found.repeat !== 'reuse' && records.isRefreshToken(grantId, presented)
    const waitSeconds = isCounted ? rates.take(grantId) : 0
    const isRefused = this.#tenant.refuses(grant, config)
    const inTime = recordInTime(grant, found.grant, config.life, nowSeconds())
    const wornOut = records.isWornOut(grantId) ? 'refreshed_too_often' : null
    const { client, openedAtSeconds } = grant
    const opened = { client, domain: grant.shown?.domain ?? null, openedAtSeconds }
    return { ...found, ...inTime, opened, over: inTime.over ?? wornOut, ended: null, isRefused, waitSeconds }
  }

  commit(grantId: string, commit: Commit): CommitResult {
    const { grants, records, wake, outbox } = this.#deps
    const ended = grants.read(grantId)?.ended?.reason
    // A revocation of an ended grant is done already; any other request gets nothing.
    if (ended !== undefined && commit.writes.some(([, row]) => row !== null))
      return { outcome: 'ended', ended }
    const isRepeat = records.isCommitted(grantId, commit)
    const result = records.commit(grantId, commit)
    if (result.outcome === 'not_presented')
      outbox.emit({ type: 'security', grant: grantId, finding: 'commit-refused' })
    else if (result.outcome === 'done' && commit.spent !== null && !isRepeat)
      outbox.emit({ type: 'grant.refreshed', grant: grantId, ...networkOf(commit.spent) })
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
    const { openedAtSeconds } = grant
    const isRefused = this.#tenant.refuses(grant, config())
    const answer = { ...denial, isKnown, bearer: { ...bearer, openedAtSeconds }, isRefused }
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

const originOf = ({
  client,
  shown,
  login,
}: Pick<NewGrant, 'client' | 'shown'> & { login?: RefusedLogin['login'] }) => ({
  client: eventClient({ client, shown }),
  ...(login && { transaction: login.transaction, network: login.network, agent: login.agent }),
})

const networkOf = ({ network }: Redemption) => (network === null ? {} : { network })

/** The login that the grant came from, with the times at which it happened, and the grant. */
function emitLogin(emit: Emit, given: NewGrant): void {
  const { id: grant, login, record } = given
  const origin = originOf(given)
  if (login !== undefined) {
    const { requested, approved, granted, acr, correlation, wouldDeny } = login
    emit({ type: 'login.started', ...origin, atMs: login.startedAtMs, scopes: requested })
    emit({ type: 'consent.given', ...origin, atMs: login.consentedAtMs, scopes: approved })
    emit({
      type: 'login.completed',
      ...origin,
      grant,
      atMs: login.completedAtMs,
      scopes: granted,
      ...(acr !== undefined && { acr }),
      ...(correlation !== undefined && { correlation }),
      ...(wouldDeny !== undefined && { wouldDeny }),
    })
  }
  const scopes = login?.granted ?? parseGrantRecord(record.value).scope ?? []
  emit({ type: 'grant.opened', ...origin, grant, scopes })
}
