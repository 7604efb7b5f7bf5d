import type { z } from 'zod'

type Kv = DurableObjectStorage['kv']

/** Rows of one kind in an object's storage: each key is the prefix and an id, each value is parsed. */
export class PrefixTable<Row> {
  readonly #kv: Kv
  readonly #prefix: string
  readonly #schema: z.ZodType<Row>

  constructor(kv: Kv, prefix: string, schema: z.ZodType<Row>) {
    this.#kv = kv
    this.#prefix = prefix
    this.#schema = schema
  }

  read(id: string): Row | null {
    const stored = this.#kv.get(this.#prefix + id)
    return stored === undefined ? null : this.#schema.parse(stored)
  }

  write(id: string, row: Row): void {
    this.#kv.put(this.#prefix + id, row)
  }

  delete(id: string): void {
    this.#kv.delete(this.#prefix + id)
  }

  /** Reads all rows before it returns: the storage iterator is live, so a delete would disturb it. */
  all(): [id: string, row: Row][] {
    return Array.from(this.#kv.list({ prefix: this.#prefix }), ([key, stored]) => [
      key.slice(this.#prefix.length),
      this.#schema.parse(stored),
    ])
  }

  deleteWhere(matches: (row: Row) => boolean): void {
    for (const [id, row] of this.all()) if (matches(row)) this.delete(id)
  }
}

/** The rows to evict so that one more fits below the bound: the first ones in the given order. */
export const evictable = <Row>(
  rows: readonly Row[],
  bound: number,
  order: (a: Row, b: Row) => number,
): Row[] => rows.toSorted(order).slice(0, Math.max(0, rows.length + 1 - bound))

/** The earliest of these times; null without any. */
export const earliest = (seconds: readonly number[]): number | null =>
  seconds.length === 0 ? null : Math.min(...seconds)
