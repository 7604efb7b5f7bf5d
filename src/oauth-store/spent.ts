import type { Made } from '#users/calls/request-rates.ts'
import { ERASED_AT_ONCE } from '#users/bounds.ts'

/** How long a refresh token that was rotated away gets the same answer, from its *first* rotation. It never slides. */
export const REPEAT_SECONDS = 60

/** A refresh token that was redeemed, kept for the life of its grant: a second redemption must be recognised. */
export interface Spent {
  atSeconds: number
  /** The library's: lets it authenticate a repeat against the grant as it was. */
  wrappedKey: string
  /** What was answered, encrypted under a key that only this token derives (token-answer.ts). */
  answer: string | null
  /** What was asked: scope and resource. Another question is not a repeat. */
  asked: string
  /** Something of the new pair was used, so the new pair did arrive. */
  isUsed: boolean
  /** Where it was first redeemed from; see token-request.ts. */
  network: string | null
}

/** What a token request tells of the refresh token that it redeems. */
export interface Redeemed {
  hash: string
  answer: string
  asked: string
  network: string | null
}

/** The refreshes of a grant, in one row. */
interface Refreshes {
  count: number
  /** Redeemed tokens whose answer may be repeated, the oldest first. */
  recent: string[]
}

/** The pair of the last refresh, while nothing of it was used. */
interface Newest {
  hash: string
  ids: string[]
}

// `answers` and `pair` were written until release 0.1.0; `old` is a spent token whose answer is gone.
const KINDS = ['refreshes', 'newest', 'answers', 'spent', 'pair', 'old']

/** 128 bits of a SHA-256: no other token can be made to match. */
const oldKey = (grant: string, hash: string) => `old:${grant}:${hash.slice(0, 32)}`

/** The refresh tokens of one user's grants that were redeemed. Synchronous, like all rules of a User. */
export class SpentTokens {
  readonly #kv: DurableObjectStorage['kv']
  readonly #now: () => number

  constructor(kv: DurableObjectStorage['kv'], nowSeconds: () => number) {
    this.#kv = kv
    this.#now = nowSeconds
  }

  read(grant: string, hash: string): Spent | undefined {
    const recent = this.#kv.get<Spent>(`spent:${grant}:${hash}`)
    if (recent !== undefined) return recent
    const wrappedKey = this.#kv.get<string>(oldKey(grant, hash))
    if (wrappedKey === undefined) return undefined
    return { atSeconds: 0, wrappedKey, answer: null, asked: '', isUsed: true, network: null }
  }

  mayRepeat({ answer, isUsed, atSeconds }: Spent): boolean {
    return answer !== null && (!isUsed || this.#now() < atSeconds + REPEAT_SECONDS)
  }

  /** How often this grant was refreshed. */
  count(grant: string): number {
    return this.#refreshes(grant).count
  }

  /** `pair` is what came in its place. */
  remember(
    grant: string,
    { hash, answer, asked, network }: Redeemed,
    pair: { wrappedKey: string; ids: string[] },
  ): void {
    this.markUsed(grant, hash)
    const { count, recent } = this.#dropAnswers(grant)
    const { wrappedKey, ids } = pair
    this.#write(grant, hash, { atSeconds: this.#now(), wrappedKey, answer, asked, isUsed: false, network })
    this.#kv.put(`newest:${grant}:`, { hash, ids } satisfies Newest)
    this.#put(grant, { count: count + 1, recent: [...recent, hash] })
  }

  /** Something of the pair that a redemption brought was presented, so that pair did arrive. */
  markUsed(grant: string, presented: string): void {
    const newest = this.#kv.get<Newest>(`newest:${grant}:`)
    // A grant that was not refreshed since release 0.1.0.
    const older = newest === undefined ? this.#kv.get<string>(`pair:${grant}:${presented}`) : undefined
    const hash = newest?.ids.includes(presented) === true ? newest.hash : older
    if (hash === undefined) return
    if (newest === undefined) this.#kv.delete(`pair:${grant}:${presented}`)
    else this.#kv.put(`newest:${grant}:`, { hash, ids: [] } satisfies Newest)
    const spent = this.#kv.get<Spent>(`spent:${grant}:${hash}`)
    if (spent !== undefined) this.#write(grant, hash, { ...spent, isUsed: true })
  }

  /** Answers of all grants that may not be repeated any more: those of a client that stopped refreshing stay till then. */
  sweep(): void {
    const all = Array.from(this.#kv.list<Refreshes>({ prefix: 'refreshes:' }))
    for (const [key, { recent }] of all) {
      const grant = key.split(':')[1]
      if (grant === undefined) continue
      const kept = this.#dropAnswers(grant)
      if (kept.recent.length < recent.length) this.#put(grant, kept)
    }
  }

  /** The refreshes after this moment, as far as their answers may still be repeated. */
  madeSince(sinceMs: number): Made[] {
    return Array.from(this.#kv.list<Refreshes>({ prefix: 'refreshes:' })).flatMap(([key, { recent }]) => {
      const [, grant = ''] = key.split(':')
      return recent.flatMap((hash) => {
        const atMs = (this.read(grant, hash)?.atSeconds ?? 0) * 1000
        return atMs > sinceMs ? [{ grant, atMs }] : []
      })
    })
  }

  /** True: there was more than one act erases; call it again. */
  erase(grant: string): boolean {
    let left = ERASED_AT_ONCE
    for (const kind of KINDS) {
      // All keys before the first is deleted: the iterator is live.
      const rows = this.#kv.list({ prefix: `${kind}:${grant}:`, limit: left + 1 })
      const keys = Array.from(rows, ([key]) => key)
      for (const key of keys.slice(0, left)) this.#kv.delete(key)
      if (keys.length > left) return true
      left -= keys.length
    }
    return false
  }

  /** An answer that can no longer be repeated shrinks to what reuse detection needs. */
  #dropAnswers(grant: string): Refreshes {
    const { count, recent } = this.#refreshes(grant)
    let over = 0
    for (const hash of recent) {
      const spent = this.#kv.get<Spent>(`spent:${grant}:${hash}`)
      // The oldest comes first: after one that may be repeated, so may all.
      if (spent !== undefined && this.mayRepeat(spent)) break
      if (spent !== undefined) {
        this.#kv.delete(`spent:${grant}:${hash}`)
        this.#kv.put(oldKey(grant, hash), spent.wrappedKey)
      }
      over += 1
    }
    return { count, recent: recent.slice(over) }
  }

  #refreshes(grant: string): Refreshes {
    const refreshes = this.#kv.get<Refreshes>(`refreshes:${grant}:`)
    if (refreshes !== undefined) return refreshes
    return { count: 0, recent: this.#kv.get<string[]>(`answers:${grant}:`) ?? [] }
  }

  #put(grant: string, refreshes: Refreshes): void {
    this.#kv.put(`refreshes:${grant}:`, refreshes)
  }

  #write(grant: string, hash: string, spent: Spent): void {
    this.#kv.put(`spent:${grant}:${hash}`, spent)
  }
}
