import type { Config } from '#config.ts'
import { log } from '#lib/log.ts'
import { thumbprint } from '#lib/hash.ts'
import { encryptTokens } from '../tokens/downstream.ts'
import type { Tenant } from '../grants/grant.ts'
import type { GrantTable } from '../grants/grant-table.ts'
import type { GrantRecords } from '../grants/grant-records.ts'
import { encrypt, decrypt } from '../base/encryption.ts'
import type {
  StepUpAsk,
  StepUpRejection,
  StepUpGiven,
  StepUpOutcome,
  StepUpDenial,
  StepUpView,
} from './step-up-api.ts'
import { type KeyedRow, keyOf, type StepUpRow, StepUpTable } from './step-up-table.ts'
import { isSameTenant, tenantOf } from '../grants/tenant.ts'
import type { WakeTime } from '../base/wake-time.ts'

const ID_BYTES = 16

export interface StepUpDeps {
  config: () => Config
  nowSeconds: () => number
  grants: GrantTable
  records: GrantRecords
  /** Has PingOne take tokens back. */
  revoke: (grant: string, encrypted: string, tenant: Tenant) => void
  wake: WakeTime
  isOwn: (issuer: string, subject: string) => Promise<boolean>
}

/** Step-up of one user's grants. Whatever changes a grant here is one act, after everything that waits. */
export class StepUps {
  readonly #rows: StepUpTable
  readonly #parts: StepUpDeps

  constructor(kv: DurableObjectStorage['kv'], parts: StepUpDeps) {
    this.#rows = new StepUpTable(kv, parts.nowSeconds)
    this.#parts = parts
  }

  /** The answer to a call that lacks scopes; null if its grant no longer exists. */
  async open(asked: StepUpAsk): Promise<StepUpDenial | null> {
    const { grant } = asked
    const lacking = this.#lacking(asked)
    if (lacking === null) return null
    const isNarrowed = lacking.length === 0
    const scopes = isNarrowed ? asked.scopes.toSorted() : lacking
    const found =
      this.#rows.find(grant, scopes, isNarrowed) ?? (await this.#create(grant, scopes, isNarrowed))
    if (found === null) return null
    const [key] = found
    const noted = this.#rows.noteCall(key, asked)
    if (noted === null) return null
    const { row, isAskedAgain } = noted
    if (row.state === 'used') return null
    if (row.state !== 'open') return { state: row.state, isAskedAgain }
    const id = await decrypt(this.#parts.config().rootKeys, placeOf(grant), row.encryptedId)
    if (id.ok) return { state: 'open', id: id.value, isAskedAgain }
    // Its key was taken away: nobody could be sent there, so the next call makes another one.
    this.#rows.delete(key)
    return null
  }

  async read(id: string): Promise<StepUpView | null> {
    const row = this.#rows.readOpen(await keyOf(id))
    const grant = row === null ? null : this.#parts.grants.readLive(row.grant)
    const has = grant === null ? null : this.#parts.records.allowed(grant.id)
    if (row === null || grant === null || has === null) return null
    const { scopes, endsAtSeconds, askedFrom } = row
    const { id: grantId, client, shown, openedAtSeconds } = grant
    return { grant: grantId, client, shown, openedAtSeconds, has, scopes, endsAtSeconds, askedFrom }
  }

  /** The user said no: this request is over, and the same one is not made again before its time is. */
  async deny(
    id: string,
    { issuer, subject }: Pick<StepUpGiven, 'issuer' | 'subject'>,
  ): Promise<StepUpRejection> {
    const key = await keyOf(id)
    const isOwn = await this.#parts.isOwn(issuer, subject)
    // No await below this line.
    const row = this.#rows.read(key)
    if (!isOwn) {
      log.error('security.step-up-by-another', { grant: row?.grant ?? 'none' })
      return 'not_theirs'
    }
    if (row?.state === 'denied') return 'denied'
    if (row?.state !== 'open' || this.#rows.isOver(row)) return 'gone'
    this.#rows.write(key, { ...row, state: 'denied' })
    log.info('step-up.denied', { grant: row.grant })
    return 'denied'
  }

  /** Tokens that came for nothing go back to PingOne, whatever the reason. */
  async approve(id: string, given: StepUpGiven): Promise<StepUpOutcome> {
    const config = this.#parts.config()
    const key = await keyOf(id)
    const approvedWith = await thumbprint(given.accessToken)
    const isOwn = await this.#parts.isOwn(given.issuer, given.subject)
    const place = this.#rows.read(key)?.grant ?? 'none'
    const encrypted = await encryptTokens(config, place, {
      access: given.accessToken,
      refresh: given.refreshToken,
    })
    const tenant = tenantOf(config, given.environment)
    // No await below this line.
    const row = this.#rows.read(key)
    if (row?.state === 'used' && row.approvedWith === approvedWith) return 'widened'
    const outcome = isOwn && row !== null ? this.#widen(row, given, { encrypted, tenant }) : 'gone'
    if (!isOwn) log.error('security.step-up-by-another', { grant: place })
    if (row !== null && outcome === 'widened') this.#rows.write(key, { ...row, state: 'used', approvedWith })
    else this.#parts.revoke(place, encrypted, tenant)
    return isOwn ? outcome : 'not_theirs'
  }

  /** The grant ended. */
  dropAllOf(grant: string): void {
    this.#rows.dropAllOf(grant)
  }

  sweep(): void {
    this.#rows.sweep()
  }

  nextSeconds(): number | null {
    return this.#rows.nextSeconds()
  }

  /** Nothing to ask: the client requested a narrower token than its grant, and a refresh gives the rest. */
  #lacking({ grant, scopes }: StepUpAsk): string[] | null {
    const isLive = this.#parts.grants.readLive(grant) !== null
    const has = isLive ? this.#parts.records.allowed(grant) : null
    return has === null ? null : scopes.filter((scope) => !has.includes(scope)).toSorted()
  }

  async #create(grant: string, scopes: string[], isNarrowed: boolean): Promise<KeyedRow | null> {
    const id = newId()
    const key = await keyOf(id)
    const encryptedId = await encrypt(this.#parts.config().rootKeys, placeOf(grant), id)
    // Looked at after encryption: another call, or the end of the grant, may have been first.
    const other = this.#rows.find(grant, scopes, isNarrowed)
    if (other !== null) return other
    if (this.#parts.grants.readLive(grant) === null) return null
    const row = this.#rows.open(key, { grant, scopes, encryptedId, state: isNarrowed ? 'narrowed' : 'open' })
    this.#parts.wake.noLaterThan(row.endsAtSeconds)
    if (!isNarrowed) log.info('step-up.opened', { grant, scopes: scopes.join(' ') })
    return [key, row]
  }

  /** The one act: wider scopes and other tokens, or nothing. */
  #widen(
    row: StepUpRow,
    given: StepUpGiven,
    { encrypted, tenant }: { encrypted: string; tenant: Tenant },
  ): StepUpOutcome {
    const { grants, records, config, revoke } = this.#parts
    const grant = grants.readLive(row.grant)
    if (row.state !== 'open' || this.#rows.isOver(row) || grant === null || grants.isBlocked) return 'gone'
    if (!isSameTenant(grant.tenant, config()) || !isSameTenant(tenant, config())) return 'gone'
    // The new tokens must not be able to do less than the grant promises.
    const has = records.allowed(grant.id) ?? []
    const isWhole = has.every((scope) => given.scopes.includes(scope))
    const more = row.scopes.filter((scope) => given.scopes.includes(scope))
    if (!isWhole || more.length === 0) return 'withheld'
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
    })
    revoke(grant.id, grant.encrypted, grant.tenant)
    log.info('step-up.approved', { grant: grant.id, scopes: more.join(' ') })
    return 'widened'
  }
}

const placeOf = (grant: string) => ({ purpose: 'step-up', grant })

/** Hex: a link may end a line, and what makes links of text leaves `_` and `-` at its end away. */
const newId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(ID_BYTES)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
