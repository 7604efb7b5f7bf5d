import type { Row } from '#users/base/row.ts'

export interface Page {
  keys: { name: string; expiration?: number }[]
  list_complete: boolean
  cursor?: string
}

type Kv = DurableObjectStorage['kv']

const PREFIX = 'record:'

/**
 * What the OAuth library expects of its storage (get, put, delete, list, expiry), kept in one Durable Object and
 * answered without an `await`: nothing can run between two of these calls, which is all there is to say about
 * concurrency. Unlike Workers KV it is read-after-write, and an expiry may be a second away.
 */
export class RecordStore {
  readonly #kv: Kv
  readonly #now: () => number

  constructor(kv: Kv, nowSeconds: () => number) {
    this.#kv = kv
    this.#now = nowSeconds
  }

  get(key: string): string | null {
    const row = this.#kv.get<Row>(PREFIX + key)
    return row === undefined || this.#isOver(row) ? null : row.value
  }

  put(key: string, row: Row): void {
    this.#kv.put(PREFIX + key, row)
  }

  /** Another value for as long as the old one would have stayed. */
  change(key: string, next: (value: string) => string): boolean {
    const row = this.#kv.get<Row>(PREFIX + key)
    if (row === undefined || this.#isOver(row)) return false
    this.put(key, { ...row, value: next(row.value) })
    return true
  }

  delete(key: string): void {
    this.#kv.delete(PREFIX + key)
  }

  /** In the order of UTF-8 bytes, as Workers KV lists. The cursor is the last name of the page before. */
  list(prefix: string, { limit = 1000, cursor }: { limit?: number; cursor?: string } = {}): Page {
    const live = this.#rows(prefix).filter(
      ([name, row]) => !this.#isOver(row) && (cursor === undefined || name > cursor),
    )
    const page = live.slice(0, limit)
    const last = page.at(-1)?.[0]
    const keys = page.map(([name, { expiresAtSeconds }]) =>
      expiresAtSeconds === null ? { name } : { name, expiration: expiresAtSeconds },
    )
    const isWhole = page.length === live.length
    return { keys, list_complete: isWhole, ...(isWhole || last === undefined ? {} : { cursor: last }) }
  }

  /**
   * Rows whose time is over, at most so many, and when there are more. The caller decides what their end means; grants
   * come before tokens.
   */
  due(most: number): { over: { key: string; value: string }[]; nextSeconds: number | null } {
    const rows = this.#rows('')
    const over = rows.filter(([, row]) => this.#isOver(row)).map(([key, { value }]) => ({ key, value }))
    const nextSeconds = rows.reduce(
      (next, [, row]) => {
        const isAhead = row.expiresAtSeconds !== null && !this.#isOver(row)
        return isAhead ? Math.min(next, row.expiresAtSeconds ?? next) : next
      },
      over.length > most ? this.#now() : Infinity,
    )
    return { over: over.slice(0, most), nextSeconds: nextSeconds === Infinity ? null : nextSeconds }
  }

  #rows(prefix: string): [string, Row][] {
    // Spread before anything is written: the iterator is live.
    return [...this.#kv.list<Row>({ prefix: PREFIX + prefix })].map(([key, row]) => [
      key.slice(PREFIX.length),
      row,
    ])
  }

  #isOver({ expiresAtSeconds }: Row): boolean {
    return expiresAtSeconds !== null && expiresAtSeconds <= this.#now()
  }
}
