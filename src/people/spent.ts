/** How long a refresh token that was rotated away gets the same answer, from its *first* rotation. It never slides. */
export const REPEAT_SECONDS = 60

/** A refresh token that was redeemed, kept for the life of its grant: a second redemption must be recognised. */
export interface Spent {
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

/** What a token request tells of the refresh token that it redeems. */
export interface Redeemed {
  hash: string
  answer: string
  asked: string
  network: string | null
}

const KINDS = ['spent', 'pair', 'answers']

/** The refresh tokens of one person's grants that were redeemed. Synchronous, like all rules of a Person. */
export class SpentTokens {
  readonly #kv: DurableObjectStorage['kv']
  readonly #now: () => number

  constructor(kv: DurableObjectStorage['kv'], nowSeconds: () => number) {
    this.#kv = kv
    this.#now = nowSeconds
  }

  read(grant: string, hash: string): Spent | undefined {
    return this.#kv.get<Spent>(`spent:${grant}:${hash}`)
  }

  mayRepeat({ answer, isUsed, atSeconds }: Spent): boolean {
    return answer !== null && (!isUsed || this.#now() < atSeconds + REPEAT_SECONDS)
  }

  /** `pair` is what came in its place. */
  remember(
    grant: string,
    { hash, answer, asked, network }: Redeemed,
    pair: { wrappedKey: string; ids: string[] },
  ): void {
    this.markUsed(grant, hash)
    this.#dropAnswers(grant, hash)
    const { wrappedKey } = pair
    this.#write(grant, hash, { atSeconds: this.#now(), wrappedKey, answer, asked, isUsed: false, network })
    for (const id of pair.ids) this.#kv.put(`pair:${grant}:${id}`, hash)
  }

  /** Something of the pair that a redemption brought was presented, so that pair did arrive. */
  markUsed(grant: string, presented: string): void {
    const hash = this.#kv.get<string>(`pair:${grant}:${presented}`)
    if (hash === undefined) return
    this.#kv.delete(`pair:${grant}:${presented}`)
    const spent = this.read(grant, hash)
    if (spent !== undefined) this.#write(grant, hash, { ...spent, isUsed: true })
  }

  erase(grant: string): void {
    for (const kind of KINDS) {
      // All keys before the first is deleted: the iterator is live.
      const keys = Array.from(this.#kv.list({ prefix: `${kind}:${grant}:` }), ([key]) => key)
      for (const key of keys) this.#kv.delete(key)
    }
  }

  /** Answers that may not be repeated any more go at the next refresh: a grant is refreshed for months. */
  #dropAnswers(grant: string, next: string): void {
    const key = `answers:${grant}:`
    const kept = (this.#kv.get<string[]>(key) ?? []).filter((hash) => {
      const spent = this.read(grant, hash)
      if (spent === undefined || this.mayRepeat(spent)) return spent !== undefined
      this.#write(grant, hash, { ...spent, answer: null })
      return false
    })
    this.#kv.put(key, [...kept, next])
  }

  #write(grant: string, hash: string, spent: Spent): void {
    this.#kv.put(`spent:${grant}:${hash}`, spent)
  }
}
