import type { RecordRow } from './record-row.ts'

interface RecordPage {
  keys: { name: string; expiration?: number }[]
  list_complete: boolean
  cursor?: string
}

type Kv = DurableObjectStorage['kv']

const PREFIX = 'record:'

/**
 * The storage operations that the OAuth library expects (get, put, delete, list, expiry), in one Durable Object.
 * Synchronous: nothing runs between two calls. Unlike Workers KV, reads see writes at once and expiry is exact.
 */
export class RecordTable {
  readonly #kv: Kv
  readonly #now: () => number

  constructor(kv: Kv, nowSeconds: () => number) {
    this.#kv = kv
    this.#now = nowSeconds
  }

  get(key: string): string | null {
    const row = this.#kv.get<RecordRow>(PREFIX + key)
    return row === undefined || this.#isOver(row) ? null : row.value
  }

  put(key: string, row: RecordRow): void {
    this.#kv.put(PREFIX + key, row)
  }

  /** Replaces the value and keeps its expiry. False if there is none. */
  change(key: string, next: (value: string) => string): boolean {
    const row = this.#kv.get<RecordRow>(PREFIX + key)
    if (row === undefined || this.#isOver(row)) return false
    this.put(key, { ...row, value: next(row.value) })
    return true
  }

  delete(key: string): void {
    this.#kv.delete(PREFIX + key)
  }

  /** In the order of UTF-8 bytes, as in Workers KV. The cursor is the last name of the previous page. */
  list(prefix: string, { limit = 1000, cursor }: { limit?: number; cursor?: string } = {}): RecordPage {
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

  /** At most so many expired rows, grants before tokens, and the time of the next expiry. The caller deletes them. */
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

  #rows(prefix: string): [string, RecordRow][] {
    // Read all rows before any write: the iterator is live.
    return [...this.#kv.list<RecordRow>({ prefix: PREFIX + prefix })].map(([key, row]) => [
      key.slice(PREFIX.length),
      row,
    ])
  }

  #isOver({ expiresAtSeconds }: RecordRow): boolean {
    return expiresAtSeconds !== null && expiresAtSeconds <= this.#now()
  }
}
