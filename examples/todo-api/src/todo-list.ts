import { DurableObject } from 'cloudflare:workers'
import { z } from 'zod'
import type { User } from './check-token.ts'
import type { IdempotencyKey } from './read-change.ts'
import type { Change, Changed, Listed, Part, Todo } from './todo.ts'

// Each write is a revision, and a row is valid from `since` until `until`. So a repeated write gets its first
// answer at the cost of one row per change instead of a copy of the list.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS counter (only INTEGER PRIMARY KEY CHECK (only = 1), revision INTEGER NOT NULL);
  INSERT OR IGNORE INTO counter VALUES (1, 0);
  CREATE TABLE IF NOT EXISTS todos (
    created INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER,
    id TEXT NOT NULL, text TEXT NOT NULL, completed INTEGER NOT NULL,
    PRIMARY KEY (created, since)
  );
  CREATE UNIQUE INDEX IF NOT EXISTS current_todos ON todos (id) WHERE until IS NULL;
  CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, request TEXT NOT NULL, outcome TEXT NOT NULL, revision INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS answers_by_expiry ON answers (expires_at_ms);
`

// A page reads as many rows as it has todos, and a count one row, however long the list is. Triggers keep the counts,
// so no statement can forget them.
const SCHEMA_OF_PARTS = `
  CREATE INDEX IF NOT EXISTS todos_in_order ON todos (created) WHERE until IS NULL;
  CREATE INDEX IF NOT EXISTS todos_by_state ON todos (completed, created) WHERE until IS NULL;
  CREATE INDEX IF NOT EXISTS todos_by_write ON todos (since);
  CREATE INDEX IF NOT EXISTS ended_todos ON todos (until) WHERE until IS NOT NULL;
  CREATE TABLE IF NOT EXISTS counts (completed INTEGER PRIMARY KEY, todos INTEGER NOT NULL);
  CREATE TRIGGER IF NOT EXISTS count_new AFTER INSERT ON todos WHEN new.until IS NULL BEGIN
    UPDATE counts SET todos = todos + 1 WHERE completed = new.completed;
  END;
  CREATE TRIGGER IF NOT EXISTS count_ended AFTER UPDATE OF until ON todos
    WHEN old.until IS NULL AND new.until IS NOT NULL BEGIN
    UPDATE counts SET todos = todos - 1 WHERE completed = old.completed;
  END;
`
const COUNT_ALL = `
  INSERT INTO counts VALUES
    (0, (SELECT count(*) FROM todos WHERE until IS NULL AND completed = 0)),
    (1, (SELECT count(*) FROM todos WHERE until IS NULL AND completed = 1))
`
const IS_VALID_AT = 'since <= ?1 AND (until IS NULL OR until > ?1)'

const MAX_TODOS = 10_000
const ANSWER_LIFETIME_MS = 24 * 60 * 60_000

const Outcome = z.enum(['done', 'todo_unknown', 'list_full'])
type Outcome = z.infer<typeof Outcome>

const Row = z.object({
  id: z.string(),
  text: z.string(),
  completed: z.number().transform((flag) => flag === 1),
})
const Answer = z.object({ request: z.string(), outcome: Outcome, revision: z.number() })

type WriteResult =
  | { readonly outcome: 'done'; readonly list: Changed; readonly replayed: boolean }
  | { readonly outcome: 'todo_unknown' | 'list_full' | 'idempotency_key_reused'; readonly replayed: boolean }

/** The list of one user. Names of objects show up in tools, and a subject is unique only within its issuer. */
export async function listOf(env: Env, { issuer, subject }: User) {
  return env.TODO_LISTS.getByName(await sha256(JSON.stringify([issuer, subject])))
}

export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/**
 * The todos of one user. A write looks up its key, changes the list and stores the answer in one synchronous
 * transaction, so parallel requests cannot interfere.
 */
export class TodoList extends DurableObject<Env> {
  readonly #sql: SqlStorage

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#sql = ctx.storage.sql
    this.#sql.exec(SCHEMA)
    this.#sql.exec(SCHEMA_OF_PARTS)
    const counts = this.#sql.exec('SELECT 1 FROM counts LIMIT 1').toArray()
    if (counts.length === 0) this.#sql.exec(COUNT_ALL)
  }

  /** null: there is no todo with the id to continue after. */
  read(part: Part | undefined): Listed | null {
    if (part === undefined) return { todos: this.#listAt(this.#revision()) }
    if (part.kind === 'ids')
      return { todos: part.ids.flatMap((id) => this.#current(id)), total: this.#count(), next: null }
    const { limit, after, completed } = part
    const place = after === undefined ? 0 : this.#placeOf(after)
    if (place === null) return null
    // One more than is shown tells whether there are more.
    const rows =
      completed === undefined
        ? this.#sql.exec(
            `SELECT id, text, completed FROM todos INDEXED BY todos_in_order
               WHERE until IS NULL AND created > ? ORDER BY created LIMIT ?`,
            place,
            limit + 1,
          )
        : this.#sql.exec(
            `SELECT id, text, completed FROM todos INDEXED BY todos_by_state
               WHERE until IS NULL AND completed = ? AND created > ? ORDER BY created LIMIT ?`,
            completed ? 1 : 0,
            place,
            limit + 1,
          )
    const found = todosIn(rows)
    const todos = found.slice(0, limit)
    const next = found.length > limit ? (todos.at(-1)?.id ?? null) : null
    return { todos, total: this.#count(completed), next }
  }

  /** With `onlyChanged` the answer has only the todo of this write, and none after a deletion. */
  write(change: Change, key: IdempotencyKey | undefined, onlyChanged: boolean): WriteResult {
    return this.ctx.storage.transactionSync(() => {
      this.#deleteExpired()
      const earlier = key && this.#storedAnswer(key.key)
      if (key && earlier) {
        if (earlier.request !== key.request) return { outcome: 'idempotency_key_reused', replayed: false }
        return this.#result(earlier.outcome, earlier.revision, true, onlyChanged)
      }
      const revision = this.#revision() + 1
      const outcome = this.#apply(change, revision)
      this.#sql.exec('UPDATE counter SET revision = ?', revision)
      if (key) this.#storeAnswer(key, outcome, revision)
      return this.#result(outcome, revision, false, onlyChanged)
    })
  }

  #apply(change: Change, revision: number): Outcome {
    if (change.kind === 'add') return this.#add(change.text, revision)
    if (!this.#end(change.id, revision)) return 'todo_unknown'
    if (change.kind === 'complete') {
      this.#sql.exec(
        `INSERT INTO todos (created, since, id, text, completed)
           SELECT created, until, id, text, ? FROM todos WHERE id = ? AND until = ?`,
        change.completed ? 1 : 0,
        change.id,
        revision,
      )
    }
    return 'done'
  }

  #add(text: string, revision: number): Outcome {
    if (this.#count() >= MAX_TODOS) return 'list_full'
    this.#sql.exec(
      'INSERT INTO todos (created, since, id, text, completed) VALUES (?1, ?1, ?2, ?3, 0)',
      revision,
      crypto.randomUUID(),
      text,
    )
    return 'done'
  }

  #end(id: string, revision: number): boolean {
    const ended = this.#sql.exec(
      'UPDATE todos SET until = ? WHERE id = ? AND until IS NULL RETURNING id',
      revision,
      id,
    )
    return ended.toArray().length === 1
  }

  #result(outcome: Outcome, revision: number, replayed: boolean, onlyChanged: boolean): WriteResult {
    if (outcome !== 'done') return { outcome, replayed }
    const list = onlyChanged ? this.#changedAt(revision, replayed) : { todos: this.#listAt(revision) }
    return { outcome, list, replayed }
  }

  #listAt(revision: number): Todo[] {
    return todosIn(
      this.#sql.exec(`SELECT id, text, completed FROM todos WHERE ${IS_VALID_AT} ORDER BY created`, revision),
    )
  }

  /** A write that adds or changes begins one row; a deletion begins none. */
  #changedAt(revision: number, replayed: boolean): Changed {
    const rows = this.#sql.exec('SELECT id, text, completed FROM todos WHERE since = ?', revision)
    const total = replayed ? this.#countAt(revision) : this.#count()
    return { only: 'changed', todos: todosIn(rows), total }
  }

  #current(id: string): Todo[] {
    return todosIn(this.#sql.exec('SELECT id, text, completed FROM todos WHERE id = ? AND until IS NULL', id))
  }

  #placeOf(id: string): number | null {
    const [row] = this.#sql
      .exec<{ created: number }>('SELECT created FROM todos WHERE id = ? AND until IS NULL', id)
      .toArray()
    return row?.created ?? null
  }

  #count(completed?: boolean): number {
    const states = completed === undefined ? [0, 1] : completed ? [1, 1] : [0, 0]
    return this.#sql
      .exec<{ count: number }>(
        'SELECT sum(todos) AS count FROM counts WHERE completed BETWEEN ? AND ?',
        ...states,
      )
      .one().count
  }

  /** Counts rows one by one; only the first answer of a repeated write needs it. */
  #countAt(revision: number): number {
    return this.#sql
      .exec<{ count: number }>(`SELECT count(*) AS count FROM todos WHERE ${IS_VALID_AT}`, revision)
      .one().count
  }

  #revision(): number {
    return this.#sql.exec<{ revision: number }>('SELECT revision FROM counter').one().revision
  }

  #storedAnswer(key: string): z.infer<typeof Answer> | undefined {
    const [row] = this.#sql
      .exec('SELECT request, outcome, revision FROM answers WHERE key = ?', key)
      .toArray()
    return row && Answer.parse(row)
  }

  #storeAnswer({ key, request }: IdempotencyKey, outcome: Outcome, revision: number): void {
    this.#sql.exec(
      'INSERT INTO answers VALUES (?, ?, ?, ?, ?)',
      key,
      request,
      outcome,
      revision,
      Date.now() + ANSWER_LIFETIME_MS,
    )
  }

  /** Answers expire after a day. Ended rows stay until no answer can show them. */
  #deleteExpired(): void {
    this.#sql.exec('DELETE FROM answers WHERE expires_at_ms <= ?', Date.now())
    this.#sql.exec(
      `DELETE FROM todos WHERE until <= coalesce((SELECT min(revision) FROM answers), (SELECT revision FROM counter))`,
    )
  }
}

function todosIn(rows: SqlStorageCursor<Record<string, SqlStorageValue>>): Todo[] {
  return rows.toArray().map((row) => Row.parse(row))
}
