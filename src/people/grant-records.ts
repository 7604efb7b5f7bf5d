import { z } from 'zod'
import type { EndReason } from './end-reason.ts'
import { RecordStore } from './record-store.ts'
import type { Row } from './row.ts'
import { type Redeemed, SpentTokens } from './spent.ts'
import { allowedBy, widerRecord, writesOnTop } from './wider-record.ts'

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
}

export interface Commit {
  /** The grant's record that the request started from: the "compare" of one compare-and-set. */
  before: string
  /** The hash of the code or token in the request. Only what it stands for is replaced or taken away. */
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
type Found = Omit<Snapshot, 'ended' | 'over' | 'isRefused'>

/** The fields of the library's records that we read; it documents them in its storage schema. */
const GrantRecord = z.looseObject({
  clientId: z.string(),
  refreshTokenId: z.string().optional(),
  previousRefreshTokenWrappedKey: z.string().optional(),
  authCodeWrappedKey: z.string().optional(),
})
/** What the library's record knows of codes and refresh tokens: SHA-256 in hex, as our own hashes are. */
const Hashes = z.looseObject({
  authCodeId: z.string().optional(),
  refreshTokenId: z.string().optional(),
  previousRefreshTokenId: z.string().optional(),
})
const TokenRecord = z.object({
  expiresAt: z.number(),
  audience: z.string(),
  scope: z.array(z.string()),
  grant: z.object({ clientId: z.string() }),
})
export interface Bearer {
  client: string
  audience: string
  scopes: string[]
  expiresAtSeconds: number
}

export const grantKey = (grant: string) => `grant:${grant}`
export const tokenKey = (grant: string, token: string) => `token:${grant}:${token}`

/**
 * The library's records of one person's grants, with the refresh rule: no `await` in it, so each method is one act.
 * The library runs elsewhere, once, on a snapshot; here all its effects are taken, or none.
 */
export class GrantRecords {
  readonly #records: RecordStore
  readonly #spent: SpentTokens

  constructor(kv: DurableObjectStorage['kv'], nowSeconds: () => number) {
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

  /** A step-up: the grant allows more, from the client's next refresh on. False where there is no grant any more. */
  widen(grant: string, scopes: readonly string[]): boolean {
    if (this.allowed(grant) === null) return false
    return this.#records.change(grantKey(grant), (record) => widerRecord(record, scopes))
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
    if (spent !== null && next !== undefined && next !== null)
      this.#spent.remember(grant, spent, pairIn(grant, next.value, writes))
    return { outcome: 'done' }
  }

  /** A live access token, or null. The first use of a new pair closes the door behind it. */
  bearer(grant: string, token: string): Bearer | null {
    const record = this.#records.get(tokenKey(grant, token))
    if (record === null || !this.has(grant)) return null
    this.#spent.markUsed(grant, token)
    const { audience, scope, expiresAt, grant: owner } = TokenRecord.parse(JSON.parse(record))
    return { client: owner.clientId, audience, scopes: scope, expiresAtSeconds: expiresAt }
  }

  /** Nothing of the grant opens from here on; stored answers go too. */
  erase(grant: string): void {
    this.#records.delete(grantKey(grant))
    for (const { name } of this.#records.list(tokenKey(grant, '')).keys) this.#records.delete(name)
    this.#spent.erase(grant)
  }

  /** Grants whose record ran out, and when to look again. Tokens that ran out are dropped on the way. */
  sweep(): { over: { grant: string; wasRedeemed: boolean }[]; nextSeconds: number | null } {
    const { over, nextSeconds } = this.#records.due()
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

  /** A grant goes by its code or any of its refresh tokens, an access token by itself. */
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
