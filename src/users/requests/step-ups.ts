import { encryptionPurposes } from '#lib/root-keys.ts'
import type { Config } from '#config.ts'
import { AUDIT_READ } from '#lib/roles.ts'
import { log } from '#lib/log.ts'
import { thumbprint } from '#lib/hash.ts'
import { decrypt, encrypt } from '../base/encryption.ts'
import type { Emit } from '#events/event.ts'
import type { WakeTime } from '../base/wake-time.ts'
import type { UserNames } from '../audit/directory-names.ts'
import { canAudit, lackingScopes } from '../grants/audit-access.ts'
import type { Grant, NewGrant, ShownClient, Tenant } from '../grants/grant.ts'
import type { GrantRecordService } from '../grants/grant-record-service.ts'
import type { GrantTable } from '../grants/grant-table.ts'
import { isSameTenant, tenantOf } from '../grants/tenant.ts'
import type { PreparedClaims, UserClaims } from '../grants/user-claims.ts'
import { encryptTokens } from '../tokens/downstream.ts'
import type { UserObjectApi } from '../user.ts'
import { type KeyedStepUp, keyOf, type StepUpRow, StepUpTable } from './step-up-table.ts'

/** A call that lacks scopes. */
export interface StepUpNeed {
  grant: string
  /** All scopes that the call needs. */
  scopes: string[]
  /** The tool: a second denial of the same tool gets another answer. The page does not show it. */
  tool: string
  /** The caller's network (lib/addresses.ts), shown on the page so that the user can judge the request. */
  network: string
}

/**
 * `open`: the user can allow it at the link of this id. `denied`: the user denied it a moment ago.
 * `narrowed`: the grant has the scopes, but the client asked for a token without them.
 * `isAskedAgain`: a call of the same tool was denied a moment ago.
 */
export type StepUpDenial =
  | { state: 'open'; id: string; isAskedAgain: boolean }
  | { state: 'denied' | 'narrowed'; isAskedAgain: boolean }

/** A request for more scopes, as the page shows it. */
export interface StepUpView {
  grant: string
  client: string
  shown: ShownClient | null
  openedAtSeconds: number
  has: string[]
  /** The scopes that would be added. */
  scopes: string[]
  endsAtSeconds: number
  /** Each calling network once, in the order of the first call, with the time of the last. */
  askedFrom: StepUpRow['askedFrom']
}

/** The result of the sign-in of an approval. Plain values: it crosses RPC. */
export interface StepUpApproval extends Omit<
  NewGrant,
  'id' | 'record' | 'client' | 'shown' | keyof UserNames
> {
  issuer: string
  subject: string
  /** The requested scopes that PingOne gave, in our names. */
  scopes: string[]
}

/** `withheld`: PingOne gave no more, and the request stays open. `gone`: used, denied, expired, or its grant ended. */
export type StepUpOutcome = 'widened' | 'not_theirs' | 'withheld' | 'gone'

/** The result of a denial by the user. */
export type StepUpRejection = 'denied' | 'not_theirs' | 'gone'

export type StepUpApi = Pick<UserObjectApi, 'readStepUp' | 'denyStepUp' | 'approveStepUp'>

const ID_BYTES = 16

interface StepUpServiceDeps {
  config: () => Config
  nowSeconds: () => number
  grants: GrantTable
  claims: UserClaims
  records: GrantRecordService
  /** Revokes tokens at PingOne. */
  revoke: (grant: string, encrypted: string, tenant: Tenant) => void
  wake: WakeTime
  isOwn: (issuer: string, subject: string) => Promise<boolean>
  emit: Emit
}

/** Step-up of one user's grants. Each change of a grant is one act, after the last await. */
export class StepUpService {
  readonly #rows: StepUpTable
  readonly #deps: StepUpServiceDeps

  constructor(kv: DurableObjectStorage['kv'], deps: StepUpServiceDeps) {
    this.#rows = new StepUpTable(kv, deps.nowSeconds)
    this.#deps = deps
  }

  /**
   * Returns the grant's request for the scopes that a call lacks; creates it if needed. Null if the grant has ended.
   * @step step-up 2 the open request
   */
  async open(need: StepUpNeed): Promise<StepUpDenial | null> {
    const { grant } = need
    const lacking = this.#lacking(need)
    if (lacking === null) return null
    const isNarrowed = lacking.length === 0
    const scopes = isNarrowed ? need.scopes.toSorted() : lacking
    const found = this.#rows.find(grant, scopes, isNarrowed) ?? (await this.#create(need, scopes, isNarrowed))
    if (found === null) return null
    const [key] = found
    const noted = this.#rows.noteCall(key, need)
    if (noted === null) return null
    const { row, isAskedAgain } = noted
    if (row.state === 'used') return null
    if (row.state !== 'open') return { state: row.state, isAskedAgain }
    const id = await decrypt(this.#deps.config().rootKeys, placeOf(grant), row.encryptedId)
    if (id.ok) return { state: 'open', id: id.value, isAskedAgain }
    // The root key was removed, so the link is lost. The next call creates another request.
    this.#rows.delete(key)
    return null
  }

  async read(id: string): Promise<StepUpView | null> {
    const row = this.#rows.readOpen(await keyOf(id))
    const grant = row === null ? null : this.#deps.grants.readLive(row.grant)
    const has = grant === null ? null : this.#deps.records.allowed(grant.id)
    if (row === null || grant === null || has === null) return null
    const { scopes, endsAtSeconds, askedFrom } = row
    const { id: grantId, client, shown, openedAtSeconds } = grant
    return { grant: grantId, client, shown, openedAtSeconds, has, scopes, endsAtSeconds, askedFrom }
  }

  /** Denies the request. The same one is not opened again before it expires. */
  async deny(
    id: string,
    { issuer, subject }: Pick<StepUpApproval, 'issuer' | 'subject'>,
  ): Promise<StepUpRejection> {
    const key = await keyOf(id)
    const isOwn = await this.#deps.isOwn(issuer, subject)
    // No await from here: the rest is one act.
    const row = this.#rows.read(key)
    if (!isOwn) {
      this.#reportAnother(row?.grant)
      return 'not_theirs'
    }
    if (row?.state === 'denied') return 'denied'
    if (row?.state !== 'open' || this.#rows.isOver(row)) return 'gone'
    this.#rows.write(key, { ...row, state: 'denied' })
    log.info('step-up.denied', { grant: row.grant })
    this.#deps.emit({ type: 'step-up.denied', grant: row.grant })
    return 'denied'
  }

  /**
   * Widens the grant, or revokes the new tokens. Idempotent for the same access token.
   * @step step-up 13 scopes and tokens, in one act
   */
  async approve(id: string, given: StepUpApproval): Promise<StepUpOutcome> {
    const config = this.#deps.config()
    const key = await keyOf(id)
    const approvedWith = await thumbprint(given.accessToken)
    const isOwn = await this.#deps.isOwn(given.issuer, given.subject)
    const place = this.#rows.read(key)?.grant ?? 'none'
    const encrypted = await encryptTokens(config, place, {
      access: given.accessToken,
      refresh: given.refreshToken,
    })
    const tenant = tenantOf(config, given.environment)
    const { signIn } = given
    const claims = signIn === undefined ? null : await this.#deps.claims.prepare(place, signIn)
    // No await from here: the rest is one act.
    const row = this.#rows.read(key)
    if (row?.state === 'used' && row.approvedWith === approvedWith) return 'widened'
    const outcome = isOwn && row !== null ? this.#widen(row, given, { encrypted, tenant, claims }) : 'gone'
    if (!isOwn) this.#reportAnother(row?.grant)
    if (row !== null && outcome === 'widened') this.#rows.write(key, { ...row, state: 'used', approvedWith })
    else this.#deps.revoke(place, encrypted, tenant)
    return isOwn ? outcome : 'not_theirs'
  }

  dropAllOf(grant: string): void {
    this.#rows.dropAllOf(grant)
  }

  sweep(): void {
    this.#rows.sweep()
  }

  nextSeconds(): number | null {
    return this.#rows.nextSeconds()
  }

  #reportAnother(grant: string | undefined): void {
    log.error('security.step-up-by-another', { grant: grant ?? 'none' })
    this.#deps.emit({
      type: 'security',
      finding: 'step-up-by-another',
      ...(grant !== undefined && { grant }),
    })
  }

  /** The scopes that the grant lacks, or that need a newer sign-in. Empty: only the client's token is narrower, and a refresh widens it. */
  #lacking({ grant: id, scopes }: StepUpNeed): string[] | null {
    const { grants, records, nowSeconds } = this.#deps
    const grant = grants.readLive(id)
    const has = grant === null ? null : records.allowed(id)
    return grant === null || has === null ? null : lackingScopes(scopes, has, grant, nowSeconds()).toSorted()
  }

  async #create(
    { grant, network }: StepUpNeed,
    scopes: string[],
    isNarrowed: boolean,
  ): Promise<KeyedStepUp | null> {
    const id = newId()
    const key = await keyOf(id)
    const encryptedId = await encrypt(this.#deps.config().rootKeys, placeOf(grant), id)
    // Checked after the await: another call may have created it, or the grant may have ended.
    const other = this.#rows.find(grant, scopes, isNarrowed)
    if (other !== null) return other
    if (this.#deps.grants.readLive(grant) === null) return null
    const row = this.#rows.open(key, { grant, scopes, encryptedId, state: isNarrowed ? 'narrowed' : 'open' })
    this.#deps.wake.noLaterThan(row.endsAtSeconds)
    if (isNarrowed) return [key, row]
    log.info('step-up.opened', { grant, scopes: scopes.join(' ') })
    this.#deps.emit({ type: 'step-up.asked', grant, network, scopes })
    return [key, row]
  }

  /** Widens the scopes and replaces the tokens in one act, or does nothing. */
  #widen(
    row: StepUpRow,
    given: StepUpApproval,
    { encrypted, tenant, claims }: { encrypted: string; tenant: Tenant; claims: PreparedClaims | null },
  ): StepUpOutcome {
    const { grants, records, config, revoke, emit } = this.#deps
    const grant = grants.readLive(row.grant)
    if (row.state !== 'open' || this.#rows.isOver(row) || grant === null || grants.isBlocked) return 'gone'
    if (!isSameTenant(grant.tenant, config()) || !isSameTenant(tenant, config())) return 'gone'
    // The new tokens must cover the grant's own scopes too, because they replace the old tokens.
    const has = records.allowed(grant.id) ?? []
    const isWhole = has.every((scope) => scope === AUDIT_READ || given.scopes.includes(scope))
    const operator = operatorAfter(row, grant, given.operator ?? null)
    const more = row.scopes.filter((scope) =>
      scope === AUDIT_READ ? canAudit({ ...grant, operator }, config()) : given.scopes.includes(scope),
    )
    if (!isWhole || more.length === 0) {
      // Who is in no group any more has no role from now on.
      if (operator === null) grants.write({ ...grant, operator })
      return 'withheld'
    }
    if (!records.widen(grant.id, more)) return 'gone'
    grants.write({
      ...grant,
      tenant,
      encrypted,
      downstreamScopes: given.downstreamScopes,
      downstreamEndsAtSeconds: given.downstreamEndsAtSeconds,
      isRenewable: given.refreshToken !== null,
      replacedAtSeconds: null,
      pingOneSession: given.pingOneSession,
      operator,
    })
    if (given.signIn !== undefined && claims !== null)
      this.#deps.claims.storeSignIn(grant.id, claims, given.signIn)
    revoke(grant.id, grant.encrypted, grant.tenant)
    log.info('step-up.approved', { grant: grant.id, scopes: more.join(' ') })
    emit({ type: 'step-up.approved', grant: grant.id, scopes: more })
    emit({ type: 'grant.widened', grant: grant.id, scopes: more })
    return 'widened'
  }
}

/** Only the page of a request for audit:read says what a newer sign-in opens. */
const operatorAfter = ({ scopes }: StepUpRow, grant: Grant, given: Grant['operator']): Grant['operator'] =>
  given === null || scopes.includes(AUDIT_READ)
    ? given
    : { ...given, authenticatedAtSeconds: grant.operator?.authenticatedAtSeconds ?? 0 }

const placeOf = (grant: string) => ({ purpose: encryptionPurposes.stepUp, grant })

/** Hex, because programs that detect links in text drop a trailing `_` or `-`. */
const newId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(ID_BYTES)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
