import { z } from 'zod'
import type { EndReason } from './end-reason.ts'
import { RecordStore } from '#oauth-store/record-store.ts'
import type { Row } from '../base/row.ts'
import type { Made } from '../calls/request-rates.ts'
import { type Redeemed, SpentTokens } from '#oauth-store/spent.ts'
import { allowedBy, widerRecord, writesOnTop } from './wider-record.ts'
import { ERASED_AT_ONCE, REFRESHES_PER_GRANT, TOKENS_PER_GRANT } from '../bounds.ts'

export interface Snapshot {
  /** The library's record of the grant, as a token request is to see it. */
  grant: string | null
  /** The record of the access token that was presented, for a revocation. */
  token: string | null
  /** `answer`: the same answer again. `reuse`: too late for that; if the client is who it says, the grant ends. */
  repeat: 'none' | 'answer' | 'reuse'
  answer: string | null
  asked: string | null
  network: string | null
  /** Why there is no record any more, where that is known. */
  ended: EndReason | null
  /** Time is up, for this reason: once the client has authenticated, the grant ends (grant-life.ts). */
  over: EndReason | null
  /** The settings name another tenant just now: nobody gets anything of this grant, and it goes on later. */
  isRefused: boolean
  /** Seconds that the client must wait, because it asked too often; nothing was done. */
  waitSeconds: number
}

export interface Commit {
  /** The grant's record that the request started from: the "compare" of one compare-and-set. */
  before: string
  /** The hash of the code or token in the request. The commit replaces or removes only that one. */
  presented: string
  writes: [key: string, row: Row | null][]
  spent: Redeemed | null
}

export type Committed =
  /** `not_presented`: the writes are about another code or token than the request presented. Nothing was taken. */
  | { outcome: 'done' | 'revoked' | 'code_reused' | 'not_presented' }
  | { outcome: 'lost'; answer: string | null }
  /** The grant ended while the request was under way, so nothing of it was taken. */
  | { outcome: 'ended'; ended: EndReason }

/** What the records alone tell: why a grant ended is in our own row of it (grant-book.ts). */
type Found = Omit<Snapshot, 'ended' | 'over' | 'isRefused' | 'waitSeconds'>

/** The fields of the library's records that we read; it documents them in its storage schema. */
const GrantRecord = z.looseObject({
  clientId: z.string(),
  refreshTokenId: z.string().optional(),
  previousRefreshTokenWrappedKey: z.string().optional(),
  authCodeWrappedKey: z.string().optional(),
})
/** Hashes of codes and refresh tokens in the library's record: SHA-256 in hex, like ours. */
const Hashes = z.looseObject({
  authCodeId: z.string().optional(),
  refreshTokenId: z.string().optional(),
  previousRefreshTokenId: z.string().optional(),
})
const TokenRecord = z.object({
  expiresAt: z.number(),
  audience: z.string(),
  scope: z.array(z.string()),
  /** `scope`: what the grant allowed when this token was issued. */
  grant: z.object({ clientId: z.string(), scope: z.array(z.string()).optional() }),
})
export interface Bearer {
  client: string
  audience: string
  scopes: string[]
  expiresAtSeconds: number
}

/** Grants of which the alarm still has rows to erase. */
const ERASING = 'erasing:'

export const grantKey = (grant: string) => `grant:${grant}`
export const tokenKey = (grant: string, token: string) => `token:${grant}:${token}`

/**
 * The library's records of one user's grants, with the refresh rule: no `await` in it, so each method is one act.
 * The library runs elsewhere, once, on a snapshot; here all its effects are taken, or none.
 */
export class GrantRecords {
  readonly #kv: DurableObjectStorage['kv']
  readonly #records: RecordStore
  readonly #spent: SpentTokens

  constructor(kv: DurableObjectStorage['kv'], nowSeconds: () => number) {
    this.#kv = kv
    this.#records = new RecordStore(kv, nowSeconds)
    this.#spent = new SpentTokens(kv, nowSeconds)
  }

  create(grant: string, row: Row): void {
    this.#records.put(grantKey(grant), row)
  }

  has(grant: string): boolean {
    return this.#records.get(grantKey(grant)) !== null
  }

  /** What the grant allows; null before its code was redeemed, and after its end. */
  allowed(grant: string): string[] | null {
    const record = this.#records.get(grantKey(grant))
    return record === null ? null : allowedBy(record)
  }

  /** A step-up: the grant and the tokens that follow it allow more at once. False where there is no grant any more. */
  widen(grant: string, scopes: readonly string[]): boolean {
    if (this.allowed(grant) === null) return false
    return this.#records.change(grantKey(grant), (record) => widerRecord(record, scopes))
  }

  /** Whether this is the hash of a refresh token of the grant, spent or not. */
  isRefreshToken(grant: string, presented: string): boolean {
    const record = this.#records.get(grantKey(grant))
    if (record === null) return false
    const { refreshTokenId } = GrantRecord.parse(JSON.parse(record))
    return refreshTokenId === presented || this.#spent.read(grant, presented) !== undefined
  }

  /** A grant that was refreshed as often as one may be. */
  isWornOut(grant: string): boolean {
    return this.#spent.count(grant) >= REFRESHES_PER_GRANT
  }

  refreshedSince(sinceMs: number): Made[] {
    return this.#spent.madeSince(sinceMs)
  }

  /** What a token request works on. `presented` is the hash of the token or code in it. */
  snapshot(grant: string, presented: string): Found {
    const record = this.#records.get(grantKey(grant))
    const token = this.#records.get(tokenKey(grant, presented))
    const spent = this.#spent.read(grant, presented)
    const plain: Found = {
      grant: record,
      token,
      repeat: 'none',
      answer: null,
      asked: null,
      network: null,
    }
    if (record === null || spent === undefined) return plain
    // The library checks client, scope, resource and expiry against this; what it writes on a repeat is dropped.
    const asItWas = {
      ...GrantRecord.parse(JSON.parse(record)),
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

  /** All effects of a token request, or none when another one was first. Safe to ask twice: an answer can get lost. */
  commit(grant: string, commit: Commit): Committed {
    const { before, presented, writes, spent } = commit
    const now = this.#records.get(grantKey(grant))
    const next = writes.find(([key]) => key === grantKey(grant))?.[1]
    if (next !== undefined && next !== null && now === next.value) return { outcome: 'done' }
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
    // A refresh replaces the pair's own token, a redemption the code: never a token that was replaced before.
    const known = Hashes.parse(JSON.parse(before))
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

  /** Access tokens that were replaced again and again; those of this refresh stay. */
  #dropOldTokens(grant: string, written: ReadonlySet<string>): void {
    const rows = this.#records.list(tokenKey(grant, '')).keys
    const older = rows.filter(({ name }) => !written.has(name))
    const oldestFirst = older.toSorted((a, b) => (a.expiration ?? Infinity) - (b.expiration ?? Infinity))
    for (const { name } of oldestFirst.slice(0, Math.max(0, rows.length - TOKENS_PER_GRANT)))
      this.#records.delete(name)
  }

  /** A live access token, or null. The first use of a new pair closes the door behind it. */
  bearer(grant: string, token: string): Bearer | null {
    const record = this.#records.get(tokenKey(grant, token))
    const grantRecord = this.#records.get(grantKey(grant))
    if (record === null || grantRecord === null) return null
    this.#spent.markUsed(grant, token)
    const { audience, scope, expiresAt, grant: owner } = TokenRecord.parse(JSON.parse(record))
    // Decision 22: a token that had all of its grant has it still, also what a step-up added. One that its client asked
    // to be narrower stays as it is.
    const isWhole = owner.scope?.every((each) => scope.includes(each)) === true
    const scopes = isWhole ? (allowedBy(grantRecord) ?? scope) : scope
    return { client: owner.clientId, audience, scopes, expiresAtSeconds: expiresAt }
  }

  /** Whether an access token is alive: that of a stream, which is open longer than one request. */
  hasToken(grant: string, token: string): boolean {
    return this.#records.get(tokenKey(grant, token)) !== null && this.has(grant)
  }

  /** Invalidates everything of the grant, stored answers included. The alarm erases the rest of very many rows. */
  erase(grant: string): void {
    this.#records.delete(grantKey(grant))
    const { keys, list_complete: isAll } = this.#records.list(tokenKey(grant, ''), { limit: ERASED_AT_ONCE })
    for (const { name } of keys) this.#records.delete(name)
    const isMore = this.#spent.erase(grant) || !isAll
    if (isMore) this.#kv.put(ERASING + grant, true)
    else this.#kv.delete(ERASING + grant)
  }

  /** Grants whose record ran out, and when to look again. Tokens that ran out are dropped on the way. */
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
        // The library drops the code's key when the code is redeemed.
        return [{ grant, wasRedeemed: GrantRecord.parse(JSON.parse(value)).authCodeWrappedKey === undefined }]
      }),
    }
  }

  /** For the alarm: the rest of ended grants, and answers that have expired. */
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
  #revoke(grant: string, { presented, writes }: Commit, now: string | null): Committed {
    if (writes.some(([key]) => key === grantKey(grant))) {
      const known = now === null ? {} : Hashes.parse(JSON.parse(now))
      const isOfGrant =
        now === null ||
        this.#spent.read(grant, presented) !== undefined ||
        [known.authCodeId, known.refreshTokenId, known.previousRefreshTokenId].includes(presented)
      return { outcome: isOfGrant ? 'revoked' : 'not_presented' }
    }
    if (writes.some(([key]) => key !== tokenKey(grant, presented))) return { outcome: 'not_presented' }
    for (const [key] of writes) this.#records.delete(key)
    return { outcome: 'done' }
  }
}

/** What a rotation brought: the library's hashes of the new tokens, and what lets it authenticate a repeat of the old. */
function pairIn(grant: string, record: string, writes: Commit['writes']) {
  const { refreshTokenId, previousRefreshTokenWrappedKey = '' } = GrantRecord.parse(JSON.parse(record))
  const tokens = writes.flatMap(([key]) =>
    key.startsWith(tokenKey(grant, '')) ? [key.slice(tokenKey(grant, '').length)] : [],
  )
  return {
    wrappedKey: previousRefreshTokenWrappedKey,
    ids: refreshTokenId === undefined ? tokens : [...tokens, refreshTokenId],
  }
}
