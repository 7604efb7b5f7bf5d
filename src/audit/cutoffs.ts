import { z } from 'zod'
import type { ClientCutoff } from '#lib/client-cutoff.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { retryOnce } from '#lib/retry-once.ts'

const Row = z.object({
  client: z.string(),
  ended_before_ms: z.int(),
  is_blocked: z.literal([0, 1]),
  act: z.string(),
})

const COLUMNS = 'client, ended_before_ms, is_blocked, act'
// A grant that is over stays over: the time never moves back.
const WRITE = `INSERT INTO client_cutoffs (${COLUMNS}) VALUES (?1, ?2, ?3, ?4)
  ON CONFLICT (client) DO UPDATE SET ended_before_ms = max(ended_before_ms, excluded.ended_before_ms),
    is_blocked = excluded.is_blocked, act = excluded.act`
// An end changes nothing about a block.
const WRITE_END = `INSERT INTO client_cutoffs (${COLUMNS}) VALUES (?1, ?2, 0, ?4)
  ON CONFLICT (client) DO UPDATE SET ended_before_ms = max(ended_before_ms, excluded.ended_before_ms),
    act = CASE WHEN is_blocked = 1 THEN client_cutoffs.act ELSE excluded.act END`

/** The cutoffs in D1. Throws for an outage. */
export class ClientCutoffTable {
  readonly #db: D1Database
  readonly #deadlineMs: number

  constructor(db: D1Database, deadlineMs: number) {
    this.#db = db
    this.#deadlineMs = deadlineMs
  }

  /** `isBlocked` null: as it was. Idempotent. */
  async write({ client, endedBeforeMs, isBlocked, act }: NewCutoff): Promise<void> {
    const statement = isBlocked === null ? WRITE_END : WRITE
    const values = [client, endedBeforeMs, isBlocked === true ? 1 : 0, act] as const
    await retryOnce(this.#deadlineMs, () =>
      this.#db
        .prepare(statement)
        .bind(...values)
        .run(),
    )
  }

  async read(client: string): Promise<ClientCutoff | null> {
    const { results } = await retryOnce(this.#deadlineMs, () =>
      this.#db.prepare(`SELECT ${COLUMNS} FROM client_cutoffs WHERE client = ?`).bind(client).all(),
    )
    return results.map(cutoffIn)[0] ?? null
  }

  async all(): Promise<ClientCutoff[]> {
    const { results } = await retryOnce(this.#deadlineMs, () =>
      this.#db.prepare(`SELECT ${COLUMNS} FROM client_cutoffs ORDER BY client`).all(),
    )
    return results.map(cutoffIn)
  }
}

type NewCutoff = Omit<ClientCutoff, 'isBlocked'> & { isBlocked: boolean | null }

function cutoffIn(row: unknown): ClientCutoff {
  const { client, ended_before_ms, is_blocked, act } = Row.parse(row)
  return { client, endedBeforeMs: ended_before_ms, isBlocked: is_blocked === 1, act }
}

const REFRESH_MS = 5_000
const LOG_MS = 60_000

/**
 * The cutoffs as this isolate knows them, at most about five seconds old. Only the first request of an isolate waits for
 * D1; later ones read what is there and refresh it after their answer. Without D1 the last list counts.
 */
export class CutoffList {
  readonly #table: ClientCutoffTable
  readonly #nowMs: () => number
  #known: ReadonlyMap<string, ClientCutoff> | null = null
  #askedMs = -Infinity
  #loggedMs = -Infinity

  constructor(table: ClientCutoffTable, nowMs: () => number) {
    this.#table = table
    this.#nowMs = nowMs
  }

  /** Loads the list if it is due. Null: there is one, so the request does not wait. */
  load(afterAnswer: (work: Promise<unknown>) => void): Promise<void> | null {
    const isFirst = this.#known === null
    if (!isFirst && this.#nowMs() - this.#askedMs < REFRESH_MS) return null
    this.#askedMs = this.#nowMs()
    const work = this.#ask()
    if (isFirst) return work
    afterAnswer(work)
    return null
  }

  of(client: string): ClientCutoff | null {
    return this.#known?.get(client) ?? null
  }

  /** Not shared between requests: a request that is cancelled must not stop another one. */
  async #ask(): Promise<void> {
    try {
      const cutoffs = await this.#table.all()
      this.#known = new Map(cutoffs.map((cutoff) => [cutoff.client, cutoff]))
    } catch (error) {
      this.#known ??= new Map()
      if (this.#nowMs() - this.#loggedMs < LOG_MS) return
      this.#loggedMs = this.#nowMs()
      const detail = error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error'
      log.error('cutoffs.not-read', { detail })
    }
  }
}
