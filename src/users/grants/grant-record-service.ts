import type { RecordRow } from '#oauth-store/record-row.ts'
import { RecordTable } from '#oauth-store/record-table.ts'
import { ERASED_AT_ONCE, SpentTokenTable } from '#oauth-store/spent-tokens.ts'
import { REFRESHES_PER_GRANT, TOKENS_PER_GRANT } from '../bounds.ts'
import type { RequestTime } from '../calls/request-rates.ts'
import {
  type Bearer,
  type Commit,
  type CommitResult,
  grantKey,
  pairIn,
  parseGrantRecord,
  parseTokenRecord,
  scopesOf,
  type Snapshot,
  tokenKey,
  widerRecord,
  writesOnTop,
} from './grant-records.ts'

/** The part of a snapshot that comes from the records alone. */
type RecordSnapshot = Omit<Snapshot, 'opened' | 'ended' | 'over' | 'isRefused' | 'waitSeconds'>

/** Marks ended grants of which the alarm still has rows to erase. */
const ERASING = 'erasing:'

/**
 * The library's records of one user's grants, and the rule for refreshes. Synchronous, so each method is one act.
 * The library runs in the Worker, once, on a snapshot. All its effects are stored here, or none.
 */
export class GrantRecordService {
  readonly #kv: DurableObjectStorage['kv']
  readonly #records: RecordTable
  readonly #spent: SpentTokenTable

  constructor(kv: DurableObjectStorage['kv'], nowSeconds: () => number) {
    this.#kv = kv
    this.#records = new RecordTable(kv, nowSeconds)
    this.#spent = new SpentTokenTable(kv, nowSeconds)
  }

  create(grant: string, row: RecordRow): void {
    this.#records.put(grantKey(grant), row)
  }

  has(grant: string): boolean {
    return this.#records.get(grantKey(grant)) !== null
  }

  /** The scopes of the grant; null before its code is redeemed, and after its end. */
  allowed(grant: string): string[] | null {
    const record = this.#records.get(grantKey(grant))
    return record === null ? null : scopesOf(record)
  }

  /** A step-up adds scopes to the grant and its tokens. False if the grant no longer exists. */
  widen(grant: string, scopes: readonly string[]): boolean {
    if (this.allowed(grant) === null) return false
    return this.#records.change(grantKey(grant), (record) => widerRecord(record, scopes))
  }

  /** Whether this is the hash of a refresh token of the grant, valid or spent. */
  isRefreshToken(grant: string, presented: string): boolean {
    const record = this.#records.get(grantKey(grant))
    if (record === null) return false
    const { refreshTokenId } = parseGrantRecord(record)
    return refreshTokenId === presented || this.#spent.read(grant, presented) !== undefined
  }

  /** Whether the grant has reached the maximum number of refreshes. */
  isWornOut(grant: string): boolean {
    return this.#spent.count(grant) >= REFRESHES_PER_GRANT
  }

  refreshedSince(sinceMs: number): RequestTime[] {
    return this.#spent.refreshedSince(sinceMs)
  }

  /** The state for one token request. `presented` is the hash of its token or code. */
  snapshot(grant: string, presented: string): RecordSnapshot {
    const record = this.#records.get(grantKey(grant))
    const token = this.#records.get(tokenKey(grant, presented))
    const spent = this.#spent.read(grant, presented)
    const plain: RecordSnapshot = {
      grant: record,
      token,
      repeat: 'none',
      answer: null,
      asked: null,
      network: null,
    }
    if (record === null || spent === undefined) return plain
    // The library checks client, scope, resource and expiry against this. Its writes on a repeat are dropped.
    const asItWas = {
      ...parseGrantRecord(record),
      previousRefreshTokenId: presented,
      previousRefreshTokenWrappedKey: spent.wrappedKey,
    }
    const mayRepeat = this.#spent.mayRepeat(spent)
    return {
      grant: JSON.stringify(asItWas),
      token,
      repeat: mayRepeat ? 'answer' : 'reuse',
      answer: mayRepeat ? spent.answer : null,
      asked: spent.asked,
      network: spent.network,
    }
  }

  /** Whether these effects are stored already: the answer of an earlier commit was lost. */
  isCommitted(grant: string, { writes }: Commit): boolean {
    const next = writes.find(([key]) => key === grantKey(grant))?.[1]
    return next !== undefined && next !== null && this.#records.get(grantKey(grant)) === next.value
  }

  /** Stores all effects of a token request, or none if another one was first. Idempotent. */
  commit(grant: string, commit: Commit): CommitResult {
    const { before, presented, writes, spent } = commit
    if (this.isCommitted(grant, commit)) return { outcome: 'done' }
    const now = this.#records.get(grantKey(grant))
    const next = writes.find(([key]) => key === grantKey(grant))?.[1]
    const isRevocation = writes.every(([, row]) => row === null)
    if (isRevocation) return this.#revoke(grant, commit, now)
    if (spent !== null && spent.hash !== presented) return { outcome: 'not_presented' }
    const key = grantKey(grant)
    const mayBeOnTop = now !== null && spent !== null
    const onTop = now === before ? writes : mayBeOnTop ? writesOnTop({ before, now, key }, writes) : null
    if (onTop === null) {
      if (spent === null) return { outcome: 'code_reused' }
      const winner = this.#spent.read(grant, spent.hash)
      return { outcome: 'lost', answer: winner?.asked === spent.asked ? winner.answer : null }
    }
    // A refresh may only replace the current refresh token, a redemption only the code.
    const known = parseGrantRecord(before)
    if ((spent === null ? known.authCodeId : known.refreshTokenId) !== presented)
      return { outcome: 'not_presented' }
    for (const [name, row] of onTop) {
      if (row === null) this.#records.delete(name)
      else this.#records.put(name, row)
    }
    if (spent !== null && next !== undefined && next !== null) {
      this.#spent.remember(grant, spent, pairIn(grant, next.value, writes))
      this.#dropOldTokens(grant, new Set(writes.map(([name]) => name)))
    }
    return { outcome: 'done' }
  }

  /** Evicts the oldest access tokens of the grant. Those of this refresh stay. */
  #dropOldTokens(grant: string, written: ReadonlySet<string>): void {
    const rows = this.#records.list(tokenKey(grant, '')).keys
    const older = rows.filter(({ name }) => !written.has(name))
    const oldestFirst = older.toSorted((a, b) => (a.expiration ?? Infinity) - (b.expiration ?? Infinity))
    for (const { name } of oldestFirst.slice(0, Math.max(0, rows.length - TOKENS_PER_GRANT)))
      this.#records.delete(name)
  }

  /** null if the token is not valid. The first use of a new pair ends the repeats of the old refresh token. */
  bearer(grant: string, token: string): Bearer | null {
    const record = this.#records.get(tokenKey(grant, token))
    const grantRecord = this.#records.get(grantKey(grant))
    if (record === null || grantRecord === null) return null
    this.#spent.markUsed(grant, token)
    const { audience, scope, expiresAt, grant: owner } = parseTokenRecord(record)
    // Decision 22: a token with all scopes of its grant also gets those of a step-up; a narrower one stays narrow.
    const isWhole = owner.scope?.every((each) => scope.includes(each)) === true
    const scopes = isWhole ? (scopesOf(grantRecord) ?? scope) : scope
    return { client: owner.clientId, audience, scopes, expiresAtSeconds: expiresAt }
  }

  /** Whether the access token of an open stream is still valid. */
  hasToken(grant: string, token: string): boolean {
    return this.#records.get(tokenKey(grant, token)) !== null && this.has(grant)
  }

  /** Invalidates the grant, its tokens and stored answers. The alarm erases what exceeds one batch. */
  erase(grant: string): void {
    this.#records.delete(grantKey(grant))
    const { keys, list_complete: isAll } = this.#records.list(tokenKey(grant, ''), { limit: ERASED_AT_ONCE })
    for (const { name } of keys) this.#records.delete(name)
    const isMore = this.#spent.erase(grant) || !isAll
    if (isMore) this.#kv.put(ERASING + grant, true)
    else this.#kv.delete(ERASING + grant)
  }

  /** The expired grants, and the time of the next sweep. Deletes expired tokens. */
  sweep(): { over: { grant: string; wasRedeemed: boolean }[]; nextSeconds: number | null } {
    const { over, nextSeconds } = this.#records.due(ERASED_AT_ONCE)
    return {
      nextSeconds,
      over: over.flatMap(({ key, value }) => {
        const [kind, grant] = key.split(':')
        if (kind !== 'grant' || grant === undefined) {
          this.#records.delete(key)
          return []
        }
        // The library deletes the code's key when the code is redeemed.
        return [{ grant, wasRedeemed: parseGrantRecord(value).authCodeWrappedKey === undefined }]
      }),
    }
  }

  /** For the alarm: erases more rows of ended grants, and expired answers. */
  eraseMore(): void {
    const [next] = this.#erasing()
    if (next !== undefined) this.erase(next)
    this.#spent.sweep()
  }

  get isErasing(): boolean {
    return this.#erasing().length > 0
  }

  #erasing(): string[] {
    return Array.from(this.#kv.list({ prefix: ERASING, limit: 1 }), ([key]) => key.slice(ERASING.length))
  }

  /** A code or refresh token revokes its grant, an access token only itself. */
  #revoke(grant: string, { presented, writes }: Commit, now: string | null): CommitResult {
    if (writes.some(([key]) => key === grantKey(grant))) {
      const known = now === null ? null : parseGrantRecord(now)
      const isOfGrant =
        now === null ||
        this.#spent.read(grant, presented) !== undefined ||
        [known?.authCodeId, known?.refreshTokenId, known?.previousRefreshTokenId].includes(presented)
      return { outcome: isOfGrant ? 'revoked' : 'not_presented' }
    }
    if (writes.some(([key]) => key !== tokenKey(grant, presented))) return { outcome: 'not_presented' }
    for (const [key] of writes) this.#records.delete(key)
    return { outcome: 'done' }
  }
}
