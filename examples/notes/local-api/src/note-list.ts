import { DurableObject } from 'cloudflare:workers'
import { z } from 'zod'

const MAX_NOTES = 1_000
const KEPT_MS = 24 * 60 * 60_000

const Note = z.object({ id: z.string(), text: z.string() })
export type Note = z.infer<typeof Note>

interface Asked {
  readonly words: readonly string[]
  readonly limit: number
  readonly after: string | undefined
}
/** `total`: how many notes there are, or how many fit the words. `next`: the id to continue after; null: no more. */
interface Page {
  readonly notes: Note[]
  readonly total: number
  readonly next: string | null
}

export type Change =
  | { readonly kind: 'add'; readonly text: string }
  | { readonly kind: 'delete'; readonly id: string }
export type Outcome =
  | { readonly kind: 'added'; readonly note: Note }
  | { readonly kind: 'deleted' | 'unknown' | 'list_full' | 'key_reused' }

const Stored = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('added'), note: Note }),
  z.object({ kind: z.enum(['deleted', 'unknown', 'list_full', 'key_reused']) }),
])
const Answer = z.object({ request: z.string(), outcome: z.string() })

/** The notes of one user. A write is one synchronous transaction, so two requests never interleave. */
export class NoteList extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS notes (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, text TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS answers (
        key TEXT PRIMARY KEY, request TEXT NOT NULL, outcome TEXT NOT NULL, ends_at_ms INTEGER NOT NULL
      );
    `)
  }

  /**
   * Newest first; with words, notes that contain all of them. null: there is no note with the id `after`. A list has a
   * thousand notes at most, so all of them are looked at; only a page leaves the object.
   */
  page({ words, limit, after }: Asked): Page | null {
    const rows = this.#sql.exec('SELECT id, text FROM notes ORDER BY place DESC').toArray()
    const notes = rows.map((row) => Note.parse(row))
    const at = after === undefined ? -1 : notes.findIndex(({ id }) => id === after)
    if (after !== undefined && at === -1) return null
    const isAsked = ({ text }: Note) => words.every((word) => text.toLowerCase().includes(word))
    const rest = notes.slice(at + 1).filter(isAsked)
    const shown = rest.slice(0, limit)
    const next = shown.length < rest.length ? (shown.at(-1)?.id ?? null) : null
    return { notes: shown, total: notes.filter(isAsked).length, next }
  }

  read(id: string): Note | null {
    const [row] = this.#sql.exec('SELECT id, text FROM notes WHERE id = ?', id).toArray()
    return row === undefined ? null : Note.parse(row)
  }

  /** Idempotent under one key for a day: the first answer is repeated, and the key serves no other request. */
  write(change: Change, key: string | undefined): Outcome {
    if (key === undefined) return this.#apply(change)
    return this.ctx.storage.transactionSync(() => {
      this.#sql.exec('DELETE FROM answers WHERE ends_at_ms <= ?', Date.now())
      const request = JSON.stringify(change)
      const [row] = this.#sql.exec('SELECT request, outcome FROM answers WHERE key = ?', key).toArray()
      if (row !== undefined) {
        const earlier = Answer.parse(row)
        return earlier.request === request
          ? Stored.parse(JSON.parse(earlier.outcome))
          : { kind: 'key_reused' }
      }
      const outcome = this.#apply(change)
      this.#sql.exec(
        'INSERT INTO answers VALUES (?, ?, ?, ?)',
        key,
        request,
        JSON.stringify(outcome),
        Date.now() + KEPT_MS,
      )
      return outcome
    })
  }

  #apply(change: Change): Outcome {
    if (change.kind === 'delete') {
      const gone = this.#sql.exec('DELETE FROM notes WHERE id = ? RETURNING id', change.id).toArray()
      return { kind: gone.length === 0 ? 'unknown' : 'deleted' }
    }
    const { count } = this.#sql.exec<{ count: number }>('SELECT count(*) AS count FROM notes').one()
    if (count >= MAX_NOTES) return { kind: 'list_full' }
    const added = { id: crypto.randomUUID(), text: change.text }
    this.#sql.exec('INSERT INTO notes (id, text) VALUES (?, ?)', added.id, added.text)
    return { kind: 'added', note: added }
  }
}
