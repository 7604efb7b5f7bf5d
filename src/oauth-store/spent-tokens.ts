/** The rows that one end of a grant, or one alarm, erases. The next alarm erases more at once. */
export const ERASED_AT_ONCE = 500

/** How long a rotated refresh token gets the same answer, from its *first* rotation. The time never slides. */
export const REPEAT_SECONDS = 60

/** A redeemed refresh token, stored for the life of its grant to detect reuse. */
export interface SpentToken {
  atSeconds: number
  /** The library's key: it authenticates a repeat against the grant as it was. */
  wrappedKey: string
  /** The answer, encrypted under a key that only this token derives (authorization/token/token-request.ts). */
  answer: string | null
  /** Scope and resource of the request. A request for others is not a repeat. */
  asked: string
  /** A token of the new pair was used, so the client received it. */
  isUsed: boolean
  /** The network of the first redemption (token-request.ts). */
  network: string | null
}

/** The redemption of a refresh token. */
export interface Redemption {
  hash: string
  answer: string
  asked: string
  network: string | null
}

/** The refreshes of a grant, in one row. */
interface Refreshes {
  count: number
  /** Spent tokens whose answer may be repeated, the oldest first. */
  recent: string[]
}

/** The token pair of the last refresh, until one of the two is used. */
interface Newest {
  hash: string
  ids: string[]
}

/** `old`: a spent token whose answer is deleted. */
const KINDS = ['refreshes', 'newest', 'spent', 'old']

/** 128 bits of a SHA-256 are enough against a second preimage. */
const oldKey = (grant: string, hash: string) => `old:${grant}:${hash.slice(0, 32)}`

/** The spent refresh tokens of one user's grants. Synchronous. */
export class SpentTokenTable {
  readonly #kv: DurableObjectStorage['kv']
  readonly #now: () => number

  constructor(kv: DurableObjectStorage['kv'], nowSeconds: () => number) {
    this.#kv = kv
    this.#now = nowSeconds
  }

  read(grant: string, hash: string): SpentToken | undefined {
    const recent = this.#kv.get<SpentToken>(`spent:${grant}:${hash}`)
    if (recent !== undefined) return recent
    const wrappedKey = this.#kv.get<string>(oldKey(grant, hash))
    if (wrappedKey === undefined) return undefined
    return { atSeconds: 0, wrappedKey, answer: null, asked: '', isUsed: true, network: null }
  }

  mayRepeat({ answer, isUsed, atSeconds }: SpentToken): boolean {
    return answer !== null && (!isUsed || this.#now() < atSeconds + REPEAT_SECONDS)
  }

  /** How often this grant was refreshed. */
  count(grant: string): number {
    return this.#refreshes(grant).count
  }

  /** `pair`: the tokens that replace it. */
  remember(
    grant: string,
    { hash, answer, asked, network }: Redemption,
    pair: { wrappedKey: string; ids: string[] },
  ): void {
    this.markUsed(grant, hash)
    const { count, recent } = this.#dropAnswers(grant)
    const { wrappedKey, ids } = pair
    this.#write(grant, hash, { atSeconds: this.#now(), wrappedKey, answer, asked, isUsed: false, network })
    this.#kv.put(`newest:${grant}:`, { hash, ids } satisfies Newest)
    this.#put(grant, { count: count + 1, recent: [...recent, hash] })
  }

  /** A token of the newest pair was presented, so the client received that pair. */
  markUsed(grant: string, presented: string): void {
    const newest = this.#kv.get<Newest>(`newest:${grant}:`)
    if (newest?.ids.includes(presented) !== true) return
    const { hash } = newest
    this.#kv.put(`newest:${grant}:`, { hash, ids: [] } satisfies Newest)
    const spent = this.#kv.get<SpentToken>(`spent:${grant}:${hash}`)
    if (spent !== undefined) this.#write(grant, hash, { ...spent, isUsed: true })
  }

  /** Deletes expired answers of all grants, also of clients that stopped refreshing. */
  sweep(): void {
    const all = Array.from(this.#kv.list<Refreshes>({ prefix: 'refreshes:' }))
    for (const [key, { recent }] of all) {
      const grant = key.split(':')[1]
      if (grant === undefined) continue
      const kept = this.#dropAnswers(grant)
      if (kept.recent.length < recent.length) this.#put(grant, kept)
    }
  }

  /** The refreshes after this moment whose answers may still be repeated. */
  refreshedSince(sinceMs: number): { grant: string; atMs: number }[] {
    return Array.from(this.#kv.list<Refreshes>({ prefix: 'refreshes:' })).flatMap(([key, { recent }]) => {
      const [, grant = ''] = key.split(':')
      return recent.flatMap((hash) => {
        const atMs = (this.read(grant, hash)?.atSeconds ?? 0) * 1000
        return atMs > sinceMs ? [{ grant, atMs }] : []
      })
    })
  }

  /** True: rows remain, call it again. */
  erase(grant: string): boolean {
    let left = ERASED_AT_ONCE
    for (const kind of KINDS) {
      // Read all keys before the first delete: the iterator is live.
      const rows = this.#kv.list({ prefix: `${kind}:${grant}:`, limit: left + 1 })
      const keys = Array.from(rows, ([key]) => key)
      for (const key of keys.slice(0, left)) this.#kv.delete(key)
      if (keys.length > left) return true
      left -= keys.length
    }
    return false
  }

  /** Shrinks expired answers to what reuse detection needs. */
  #dropAnswers(grant: string): Refreshes {
    const { count, recent } = this.#refreshes(grant)
    let over = 0
    for (const hash of recent) {
      const spent = this.#kv.get<SpentToken>(`spent:${grant}:${hash}`)
      // The oldest comes first: if it may be repeated, all later ones may.
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
    return this.#kv.get<Refreshes>(`refreshes:${grant}:`) ?? { count: 0, recent: [] }
  }

  #put(grant: string, refreshes: Refreshes): void {
    this.#kv.put(`refreshes:${grant}:`, refreshes)
  }

  #write(grant: string, hash: string, spent: SpentToken): void {
    this.#kv.put(`spent:${grant}:${hash}`, spent)
  }
}
