import { z } from 'zod'
import type { AuditLogReader } from '#audit/verify.ts'
import type { ListKind } from '#audit/list-proof.ts'
import { type Ask, AuditQuestions } from '#audit/read-questions.ts'
import type { ChainedEvent, ChainHead, Place } from '#events/chain.ts'

/** Rows in the order of `key`, whose values are unique and never null. */
export interface Query {
  readonly columns: string
  readonly from: string
  readonly where?: string
  readonly key: readonly string[]
}

/** A database that has the tables of migrations/0001_audit_log.sql. */
export interface AuditDatabase {
  rows(query: Query): AsyncIterable<unknown>
  ask: Ask
  close(): void
}

const place = { chain: z.string(), epoch: z.int(), seq: z.int() }
const EventRow = z.object({ ...place, body: z.string(), hash: z.string() })
const HeadRow = z.object({ ...place, hash: z.string() })
const ListRow = z.object({ n: z.int(), jws: z.string() })
const EntryRow = HeadRow.extend({ n: z.int() })
const IdRow = z.object({ ...place, id: z.string() })
const CountRow = z.object({ value: z.int().nullable() })
const TextRow = z.object({ value: z.string().nullable() })

/** A list entry with the list that it first stood in. */
type ListEntry = z.infer<typeof EntryRow>

/** Counts for `npm run audit -- status`. Null: this source does not have them. */
export interface AuditStatus {
  events: number
  oldest: string | null
  newest: string | null
  rejected: number | null
  sessions: number | null
  denials: number | null
}

/** The audit log in an SQL database: D1, its local file, or a loaded export. */
export class SqlAuditLog implements AuditLogReader {
  readonly #database: AuditDatabase
  /** Whether it has the tables that no export holds. */
  readonly #isWhole: boolean

  constructor(database: AuditDatabase, { isWhole }: { isWhole: boolean }) {
    this.#database = database
    this.#isWhole = isWhole
  }

  get questions(): AuditQuestions {
    return new AuditQuestions((question) => this.#database.ask(question))
  }

  [Symbol.dispose](): void {
    this.#database.close()
  }

  lists(kind: ListKind): AsyncIterable<z.infer<typeof ListRow>> {
    const where = `kind = '${kind}'`
    return this.#read(ListRow, { columns: 'n, jws', from: 'signed_lists', where, key: ['n'] })
  }

  entries(kind: ListKind, n: number): AsyncIterable<ChainHead> {
    return this.#read(HeadRow, {
      columns: 'chain, epoch, seq, hash',
      from: 'list_entries AS e',
      where: `kind = '${kind}' AND n = (SELECT max(o.n) FROM list_entries AS o
        WHERE o.kind = e.kind AND o.chain = e.chain AND o.epoch = e.epoch AND o.n <= ${n})`,
      key: ['chain', 'epoch'],
    })
  }

  allEntries(kind: ListKind): AsyncIterable<ListEntry> {
    return this.#read(EntryRow, {
      columns: 'chain, epoch, n, seq, hash',
      from: 'list_entries',
      where: `kind = '${kind}'`,
      key: ['chain', 'epoch', 'n'],
    })
  }

  async lastEntry(kind: ListKind): Promise<number> {
    return (await this.#number('coalesce(max(n), 0)', `list_entries WHERE kind = '${kind}'`)) ?? 0
  }

  events(): AsyncIterable<ChainedEvent> {
    return this.#read(EventRow, {
      columns: 'chain, epoch, seq, body, hash',
      from: 'events',
      key: ['chain', 'epoch', 'seq'],
    })
  }

  repeatedIds(): AsyncIterable<Place & { id: string }> {
    return this.#read(IdRow, {
      columns: 'chain, epoch, seq, id',
      from: 'events',
      where: 'id IN (SELECT id FROM events GROUP BY id HAVING count(*) > 1)',
      key: ['id', 'chain', 'epoch', 'seq'],
    })
  }

  /** The slug of the product that wrote the newest event; null: there are no events. */
  async app(): Promise<string | null> {
    return this.#text("body ->> '$.app'", 'events WHERE id = (SELECT max(id) FROM events)')
  }

  async status(since: string): Promise<AuditStatus> {
    const whole = async (what: string, from: string) => (this.#isWhole ? this.#number(what, from) : null)
    return {
      events: (await this.#number('count(*)', 'events')) ?? 0,
      oldest: await this.#text("body ->> '$.at'", 'events WHERE id = (SELECT min(id) FROM events)'),
      newest: await this.#text("body ->> '$.at'", 'events WHERE id = (SELECT max(id) FROM events)'),
      rejected: await whole('count(*)', 'rejected_events'),
      sessions: await whole('count(*)', 'sessions'),
      denials: await whole('coalesce(sum(count), 0)', `denials WHERE hour >= '${since}'`),
    }
  }

  async *#read<T>(schema: z.ZodType<T>, query: Query): AsyncGenerator<T> {
    for await (const row of this.#database.rows(query)) yield schema.parse(row)
  }

  async #number(what: string, from: string): Promise<number | null> {
    for await (const { value } of this.#read(CountRow, one(what, from))) return value
    return null
  }

  async #text(what: string, from: string): Promise<string | null> {
    for await (const { value } of this.#read(TextRow, one(what, from))) return value
    return null
  }
}

const one = (what: string, from: string): Query => ({
  columns: `${what} AS value, 1 AS one`,
  from,
  key: [],
})
