import { z } from 'zod'
import type { Config } from '#config.ts'
import { log } from '#lib/log.ts'
import { encryptionPurposes } from '#lib/root-keys.ts'
import { type MappedClaims, namesOf } from '#pingone/claims.ts'
import { decrypt, encrypt } from '../base/encryption.ts'
import { PrefixTable } from '../base/table.ts'
import type { SignInFacts } from './grant.ts'
import type { GrantTable } from './grant-table.ts'

const PURPOSE = encryptionPurposes.userClaims

/** The personal part, which is stored encrypted. */
const KnownClaims = z.object({
  groups: z.array(z.string()),
  claims: z.record(z.string(), z.array(z.string())),
})
export type KnownClaims = z.infer<typeof KnownClaims>

const ClaimsRow = z.object({
  encrypted: z.string(),
  /** The names that the settings had when the claims were read. */
  names: z.array(z.string()),
  /** Whether the id token had any of them. */
  isAny: z.boolean(),
  /** Names of claims that the id token had in a form that is not read in full. */
  incomplete: z.array(z.string()),
  readAtSeconds: z.int(),
  /** The flow policy of the last sign-in; empty: unknown. */
  acr: z.string(),
  /** null: unknown. */
  authenticatedAtSeconds: z.int().nullable(),
})
export type StoredClaims = z.infer<typeof ClaimsRow>

/** Claims that are encrypted and not stored yet. */
export type PreparedClaims = Pick<StoredClaims, 'encrypted' | 'names' | 'isAny' | 'incomplete'>

interface UserClaimsDeps {
  config: () => Config
  nowSeconds: () => number
  grants: Pick<GrantTable, 'readLive'>
}

/** What policy reads of PingOne's id tokens, for each grant, with the time at which it was read. */
export class UserClaims {
  readonly #table: PrefixTable<StoredClaims>
  readonly #deps: UserClaimsDeps
  /** Decrypted claims, in memory only. Each entry belongs to one ciphertext. */
  readonly #opened = new Map<string, { encrypted: string; known: KnownClaims }>()

  constructor(kv: DurableObjectStorage['kv'], deps: UserClaimsDeps) {
    this.#table = new PrefixTable(kv, 'claims:', ClaimsRow)
    this.#deps = deps
  }

  async prepare(
    grant: string,
    { names, isAny, groups, claims, incomplete }: MappedClaims,
  ): Promise<PreparedClaims> {
    const text = JSON.stringify({ groups, claims } satisfies KnownClaims)
    const encrypted = await encrypt(this.#deps.config().rootKeys, { purpose: PURPOSE, grant }, text)
    return { encrypted, names, isAny, incomplete }
  }

  /** The claims of a sign-in: an absent claim is one that the user does not have. */
  storeSignIn(grant: string, prepared: PreparedClaims, { acr, authenticatedAtSeconds }: SignInFacts): void {
    warnIncomplete(grant, prepared)
    const readAtSeconds = this.#deps.nowSeconds()
    this.#table.write(grant, { ...prepared, readAtSeconds, acr, authenticatedAtSeconds })
  }

  /**
   * The claims of a refresh. False: those before keep their age, because the token has none of them, and it is unknown whether
   * PingOne repeats mapped claims in a refresh, or has one that is incomplete. A user who had none at the last reading still
   * has none.
   */
  storeRenewal(grant: string, prepared: PreparedClaims, acr: string | undefined): boolean {
    const before = this.#table.read(grant)
    const hadNone = before !== null && !before.isAny && isSameList(before.names, prepared.names)
    warnIncomplete(grant, prepared)
    if (prepared.incomplete.length > 0 || (!prepared.isAny && !hadNone)) return false
    this.#table.write(grant, {
      ...prepared,
      readAtSeconds: this.#deps.nowSeconds(),
      acr: before?.acr ?? acr ?? '',
      authenticatedAtSeconds: before?.authenticatedAtSeconds ?? null,
    })
    return true
  }

  /** null: nothing is known, as of a grant of an earlier release. */
  read(grant: string): StoredClaims | null {
    return this.#table.read(grant)
  }

  /** Whether claims must be renewed before they count. */
  isToRenew(stored: StoredClaims | null, maxAgeSeconds: number): boolean {
    return this.isOlderThan(stored, maxAgeSeconds) || (stored?.incomplete.length ?? 0) > 0
  }

  /** Whether they are too old: also when the settings name others than were read. */
  isOlderThan(stored: StoredClaims | null, maxAgeSeconds: number): boolean {
    if (stored === null) return true
    const { config, nowSeconds } = this.#deps
    const isOld = nowSeconds() - stored.readAtSeconds > maxAgeSeconds
    return isOld || !isSameList(stored.names, namesOf(config().pingone.claims))
  }

  /** null: they cannot be decrypted. */
  async open(grant: string, { encrypted }: StoredClaims): Promise<KnownClaims | null> {
    const opened = this.#opened.get(grant)
    if (opened?.encrypted === encrypted) return opened.known
    this.#opened.delete(grant)
    const text = await decrypt(this.#deps.config().rootKeys, { purpose: PURPOSE, grant }, encrypted)
    if (!text.ok) {
      log.error('claims.unreadable', { grant, detail: text.error.reason })
      return null
    }
    const known = KnownClaims.parse(JSON.parse(text.value))
    // The grant may have ended during the await.
    if (this.#table.read(grant)?.encrypted === encrypted) this.#opened.set(grant, { encrypted, known })
    return known
  }

  forget(grant: string): void {
    this.#opened.delete(grant)
    this.#table.delete(grant)
  }

  /** Forgets claims without a live grant: an earlier release, after a rollback, ends grants and knows no claims. */
  sweep(): void {
    for (const [grant] of this.#table.all())
      if (this.#deps.grants.readLive(grant) === null) this.forget(grant)
  }

  /** Nothing expires by itself. */
  nextSeconds(): null {
    return null
  }
}

/** At most one line for each id token that is read. */
function warnIncomplete(grant: string, { incomplete }: PreparedClaims): void {
  if (incomplete.length > 0) log.warn('claims.incomplete', { grant, claims: incomplete.join(' ') })
}

const isSameList = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((name, at) => name === other[at])
