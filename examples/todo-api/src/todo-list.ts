import { DurableObject } from 'cloudflare:workers'
import { z } from 'zod'

import type { Repeatable } from './repeatable.ts'
import { TABLES } from './tables.ts'
import type { Change, Todo } from './todo.ts'

const MAX_TODOS = 10_000
const KEPT_MS = 24 * 60 * 60_000

const Outcome = z.enum(['done', 'todo_unknown', 'list_full'])
type Outcome = z.infer<typeof Outcome>

const Row = z.object({
  id: z.string(),
  text: z.string(),
  completed: z.number().transform((flag) => flag === 1),
})
const Answer = z.object({ request: z.string(), outcome: Outcome, revision: z.number() })

export type Written =
  | { readonly outcome: 'done'; readonly todos: Todo[]; readonly replayed: boolean }
  | { readonly outcome: 'todo_unknown' | 'list_full' | 'idempotency_key_reused'; readonly replayed: boolean }

/**
 * The todos of one user. A write is one synchronous transaction: nothing can come between looking for its key,
 * changing the list and keeping the answer, so no two requests need to know of each other.
 */
export class TodoList extends DurableObject<Env> {
  readonly #sql: SqlStorage

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#sql = ctx.storage.sql
    this.#sql.exec(TABLES)
  }

  read(): Todo[] {
    return this.#listAt(this.#revision())
  }

  write(change: Change, repeatable: Repeatable | undefined): Written {
    return this.ctx.storage.transactionSync(() => {
      this.#forgetOld()
      const earlier = repeatable && this.#answerTo(repeatable.key)
      if (repeatable && earlier) {
        if (earlier.request !== repeatable.request)
          return { outcome: 'idempotency_key_reused', replayed: false }
        return this.#written(earlier.outcome, earlier.revision, true)
      }
      const revision = this.#revision() + 1
      const outcome = this.#apply(change, revision)
      this.#sql.exec('UPDATE counter SET revision = ?', revision)
      if (repeatable) this.#keepAnswer(repeatable, outcome, revision)
      return this.#written(outcome, revision, false)
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
    const { count } = this.#sql
      .exec<{ count: number }>('SELECT count(*) AS count FROM todos WHERE until IS NULL')
      .one()
    if (count >= MAX_TODOS) return 'list_full'
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

  #written(outcome: Outcome, revision: number, replayed: boolean): Written {
    return outcome === 'done' ? { outcome, todos: this.#listAt(revision), replayed } : { outcome, replayed }
  }

  #listAt(revision: number): Todo[] {
    const rows = this.#sql.exec(
      `SELECT id, text, completed FROM todos WHERE since <= ?1 AND (until IS NULL OR until > ?1) ORDER BY created`,
      revision,
    )
    return rows.toArray().map((row) => Row.parse(row))
  }

  #revision(): number {
    return this.#sql.exec<{ revision: number }>('SELECT revision FROM counter').one().revision
  }

  #answerTo(key: string): z.infer<typeof Answer> | undefined {
    const [row] = this.#sql
      .exec('SELECT request, outcome, revision FROM answers WHERE key = ?', key)
      .toArray()
    return row && Answer.parse(row)
  }

  #keepAnswer({ key, request }: Repeatable, outcome: Outcome, revision: number): void {
    this.#sql.exec(
      'INSERT INTO answers VALUES (?, ?, ?, ?, ?)',
      key,
      request,
      outcome,
      revision,
      Date.now() + KEPT_MS,
    )
  }

  /** Answers live for a day, and ended rows as long as an answer may still show them. */
  #forgetOld(): void {
    this.#sql.exec('DELETE FROM answers WHERE expires_at_ms <= ?', Date.now())
    this.#sql.exec(
      `DELETE FROM todos WHERE until <= coalesce((SELECT min(revision) FROM answers), (SELECT revision FROM counter))`,
    )
  }
}
