import { z } from 'zod'
import type { HistoryEntry, PendingDocument } from './control-api.ts'
import { Head } from './head.ts'

const MOST_HISTORY = 100

const How = z.enum(['deployed', 'applied', 'rolled-back'])
const Pending: z.ZodType<PendingDocument> = z.object({
  hash: z.string(),
  by: z.string().nullable(),
  act: z.string().nullable(),
  base: z.string(),
  atMs: z.int(),
  widens: z.array(z.string()),
  how: How,
})
const Entry: z.ZodType<HistoryEntry> = z.object({
  hash: z.string(),
  by: z.string().nullable(),
  confirmedBy: z.string().nullable(),
  act: z.string().nullable(),
  atMs: z.int(),
  how: How,
})
const Text = z.object({ text: z.string() })
const Confirmed = z.object({ name: z.string(), sequence: z.int() })

const TABLES = [
  'CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID',
  'CREATE TABLE IF NOT EXISTS documents (number INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, text TEXT NOT NULL)',
  'CREATE TABLE IF NOT EXISTS history (number INTEGER PRIMARY KEY, hash TEXT NOT NULL, text TEXT NOT NULL)',
  'CREATE TABLE IF NOT EXISTS replicas (name TEXT PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID',
]

type Fact = 'head' | 'pending' | 'role'

/** The rows of Control and of its replicas, which have only a head and documents. */
export class ControlStore {
  readonly #storage: DurableObjectStorage
  #head: Head | null | undefined

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
    for (const table of TABLES) this.#storage.sql.exec(table)
  }

  /** All of it is stored, or nothing. */
  atomically<T>(act: () => T): T {
    try {
      return this.#storage.transactionSync(act)
    } catch (error) {
      this.#head = undefined
      throw error
    }
  }

  head(): Head | null {
    if (this.#head === undefined) {
      const text = this.#fact('head')
      this.#head = text === null ? null : Head.parse(JSON.parse(text))
    }
    return this.#head
  }

  putHead(head: Head): void {
    this.#putFact('head', JSON.stringify(head))
    this.#head = head
  }

  /** The name of the object, which the platform does not give to an alarm. */
  role(): string | null {
    return this.#fact('role')
  }

  putRole(name: string): void {
    this.#putFact('role', name)
  }

  pending(): PendingDocument | null {
    const text = this.#fact('pending')
    return text === null ? null : Pending.parse(JSON.parse(text))
  }

  /** Replaces one that waits. */
  putPending(pending: PendingDocument): void {
    this.#putFact('pending', JSON.stringify(pending))
  }

  dropPending(): void {
    this.#storage.sql.exec("DELETE FROM facts WHERE name = 'pending'")
  }

  document(hash: string): string | null {
    const rows = this.#storage.sql.exec('SELECT text FROM documents WHERE hash = ?', hash).toArray()
    return rows.map((row) => Text.parse(row).text)[0] ?? null
  }

  putDocument(hash: string, text: string): void {
    this.#storage.sql.exec('INSERT OR IGNORE INTO documents (hash, text) VALUES (?, ?)', hash, text)
  }

  /** Keeps those of the history and the one that waits. */
  pruneDocuments(): void {
    this.#storage.sql.exec(
      'DELETE FROM documents WHERE hash <> ? AND hash NOT IN (SELECT hash FROM history)',
      this.pending()?.hash ?? '',
    )
  }

  /** For a replica: keeps the newest. */
  keepNewestDocuments(most: number): void {
    this.#storage.sql.exec(
      'DELETE FROM documents WHERE number <= (SELECT max(number) FROM documents) - ?',
      most,
    )
  }

  addHistory(entry: HistoryEntry): void {
    const { sql } = this.#storage
    sql.exec('INSERT INTO history (hash, text) VALUES (?, ?)', entry.hash, JSON.stringify(entry))
    sql.exec('DELETE FROM history WHERE number <= (SELECT max(number) FROM history) - ?', MOST_HISTORY)
  }

  /** The newest first. */
  history(): HistoryEntry[] {
    const rows = this.#storage.sql.exec('SELECT text FROM history ORDER BY number DESC').toArray()
    return rows.map((row) => Entry.parse(JSON.parse(Text.parse(row).text)))
  }

  /** The sequence of the last head that each replica has taken. */
  confirmed(): ReadonlyMap<string, number> {
    const rows = this.#storage.sql.exec('SELECT name, sequence FROM replicas').toArray()
    return new Map(rows.map((row) => Confirmed.parse(row)).map(({ name, sequence }) => [name, sequence]))
  }

  confirm(replica: string, sequence: number): void {
    this.#storage.sql.exec(
      `INSERT INTO replicas (name, sequence) VALUES (?, ?)
        ON CONFLICT (name) DO UPDATE SET sequence = max(sequence, excluded.sequence)`,
      replica,
      sequence,
    )
  }

  #fact(name: Fact): string | null {
    const rows = this.#storage.sql.exec('SELECT text FROM facts WHERE name = ?', name).toArray()
    return rows.map((row) => Text.parse(row).text)[0] ?? null
  }

  #putFact(name: Fact, text: string): void {
    this.#storage.sql.exec('INSERT OR REPLACE INTO facts (name, text) VALUES (?, ?)', name, text)
  }
}
