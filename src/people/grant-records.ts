import { z } from 'zod'
import type { EndReason } from './end-reason.ts'
import { RecordStore } from './record-store.ts'
import type { Row } from './row.ts'

/** How long a refresh token that was rotated away gets the same answer, from its *first* rotation. It never slides. */
export const REPEAT_SECONDS = 60

/** A refresh token that was redeemed, kept for the life of its grant: a second redemption must be recognised. */
interface Spent {
  atSeconds: number
  /** The library's: lets it authenticate a repeat against the grant as it was. */
  wrappedKey: string
  /** What was answered, sealed under a key that only this token derives (token-answer.ts). */
  answer: string | null
  /** What was asked: scope and resource. Another question is not a repeat. */
  asked: string
  /** Something of the new pair was used, so the new pair did arrive. */
  isUsed: boolean
  /** Where it was first redeemed from; see token-request.ts. */
  network: string | null
}

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
}

export interface Commit {
  /** The grant's record that the request started from: the "compare" of one compare-and-set. */
  before: string
  writes: [key: string, row: Row | null][]
  spent: { hash: string; answer: string; asked: string; network: string | null } | null
}

export interface Committed {
  outcome: 'done' | 'lost' | 'revoked' | 'code_reused'
  answer: string | null
}

/** The fields of the library's records that we read; it documents them in its storage schema. */
const GrantRecord = z.looseObject({
  clientId: z.string(),
  refreshTokenId: z.string().optional(),
  previousRefreshTokenWrappedKey: z.string().optional(),
  authCodeWrappedKey: z.string().optional(),
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
  readonly #kv: DurableObjectStorage['kv']
  readonly #records: RecordStore
  readonly #now: () => number

  constructor(kv: DurableObjectStorage['kv'], nowSeconds: () => number) {
    this.#kv = kv
    this.#records = new RecordStore(kv, nowSeconds)
    this.#now = nowSeconds
  }

  create(grant: string, row: Row): void {
    this.#records.put(grantKey(grant), row)
  }

  has(grant: string): boolean {
    return this.#records.get(grantKey(grant)) !== null
  }

  /** What a token request works on. `presented` is the hash of the token or code in it. */
  snapshot(grant: string, presented: string): Omit<Snapshot, 'ended'> {
    const record = this.#records.get(grantKey(grant))
    const token = this.#records.get(tokenKey(grant, presented))
    const spent = this.#spent(grant, presented)
    const plain: Omit<Snapshot, 'ended'> = {
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
    const mayRepeat =
      spent.answer !== null && (!spent.isUsed || this.#now() < spent.atSeconds + REPEAT_SECONDS)
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
  commit(grant: string, { before, writes, spent }: Commit): Committed {
    const now = this.#records.get(grantKey(grant))
    const next = writes.find(([key]) => key === grantKey(grant))?.[1]
    if (next !== undefined && next !== null && now === next.value) return { outcome: 'done', answer: null }
    const isRevocation = writes.every(([, row]) => row === null)
    if (isRevocation) return this.#revoke(grant, writes)
    if (now !== before) {
      if (spent === null) return { outcome: 'code_reused', answer: null }
      const winner = this.#spent(grant, spent.hash)
      return { outcome: 'lost', answer: winner?.asked === spent.asked ? winner.answer : null }
    }
    for (const [key, row] of writes) {
      if (row === null) this.#records.delete(key)
      else this.#records.put(key, row)
    }
    if (spent !== null && next !== undefined && next !== null)
      this.#remember(grant, spent, next.value, writes)
    return { outcome: 'done', answer: null }
  }

  /** A live access token, or null. The first use of a new pair closes the door behind it. */
  bearer(grant: string, token: string): Bearer | null {
    const record = this.#records.get(tokenKey(grant, token))
    if (record === null || !this.has(grant)) return null
    this.#markUsed(grant, token)
    const { audience, scope, expiresAt, grant: owner } = TokenRecord.parse(JSON.parse(record))
    return { client: owner.clientId, audience, scopes: scope, expiresAtSeconds: expiresAt }
  }

  /** Nothing of the grant opens from here on; stored answers go too. */
  erase(grant: string): void {
    this.#records.delete(grantKey(grant))
    for (const { name } of this.#records.list(tokenKey(grant, '')).keys) this.#records.delete(name)
    for (const kind of ['spent', 'pair']) {
      // All keys before the first is deleted: the iterator is live.
      const keys = Array.from(this.#kv.list({ prefix: `${kind}:${grant}:` }), ([key]) => key)
      for (const key of keys) this.#kv.delete(key)
    }
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

  #revoke(grant: string, writes: Commit['writes']): Committed {
    if (writes.some(([key]) => key === grantKey(grant))) return { outcome: 'revoked', answer: null }
    for (const [key] of writes) this.#records.delete(key)
    return { outcome: 'done', answer: null }
  }

  #remember(
    grant: string,
    spent: NonNullable<Commit['spent']>,
    record: string,
    writes: Commit['writes'],
  ): void {
    const { refreshTokenId, previousRefreshTokenWrappedKey = '' } = GrantRecord.parse(JSON.parse(record))
    this.#markUsed(grant, spent.hash)
    const row: Spent = {
      atSeconds: this.#now(),
      wrappedKey: previousRefreshTokenWrappedKey,
      answer: spent.answer,
      asked: spent.asked,
      isUsed: false,
      network: spent.network,
    }
    this.#kv.put(`spent:${grant}:${spent.hash}`, row)
    const tokens = writes.flatMap(([key]) =>
      key.startsWith(tokenKey(grant, '')) ? [key.slice(tokenKey(grant, '').length)] : [],
    )
    const pair = refreshTokenId === undefined ? tokens : [...tokens, refreshTokenId]
    for (const id of pair) this.#kv.put(`pair:${grant}:${id}`, spent.hash)
  }

  /** Something of the pair that `spent` brought was presented, so that pair did arrive. */
  #markUsed(grant: string, presented: string): void {
    const hash = this.#kv.get<string>(`pair:${grant}:${presented}`)
    if (hash === undefined) return
    this.#kv.delete(`pair:${grant}:${presented}`)
    const spent = this.#spent(grant, hash)
    if (spent !== undefined) this.#kv.put(`spent:${grant}:${hash}`, { ...spent, isUsed: true })
  }

  #spent(grant: string, hash: string): Spent | undefined {
    return this.#kv.get<Spent>(`spent:${grant}:${hash}`)
  }
}
