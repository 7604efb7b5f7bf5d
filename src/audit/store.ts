import { z } from 'zod'
import type { Appended, AuditStore, Batch, DirectoryEntry } from '#events/store.ts'
import { redacted } from '#lib/redacted.ts'
import { retryOnce } from '#lib/retry-once.ts'
import {
  bytesOf,
  COUNT_SESSIONS,
  DELETE_USER,
  FAIL,
  FIRST_CONFLICT,
  HEAD_OF_CHAINS,
  HEAD_OF_EVENTS,
  INSERT_EVENTS,
  INSERT_REJECTED,
  jsonChunks,
  MOST_BODY_BYTES,
  MOVE_HEAD,
  REFUSE_OLD_EPOCH,
  UPSERT_USER,
} from './store-statements.ts'

// Two tries fit into the 10 s that the shipper waits.
const DEADLINE_MS = 4_500

/** Errors by which D1 rejects the data itself. A later attempt with the same data fails too. */
const OF_DATA = /SQLITE_CONSTRAINT|constraint failed|cannot store|malformed JSON|too big|integer overflow/i

type Attempt = { isDone: true } | { isDone: false; reason: string }

const reasonOf = (error: unknown): string =>
  error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error'

/** The audit log in D1. `nowMs` says when a chain changed. */
export const makeAuditStore = (db: D1Database, nowMs: () => number = Date.now): AuditStore =>
  new D1AuditStore(db, nowMs)

class D1AuditStore implements AuditStore {
  readonly #db: D1Database
  readonly #nowMs: () => number

  constructor(db: D1Database, nowMs: () => number) {
    this.#db = db
    this.#nowMs = nowMs
  }

  /**
   * @step audit 4-5 one transaction of D1
   */
  async append(batch: Batch): Promise<Appended> {
    try {
      return await this.#append(batch)
    } catch (error) {
      return { outcome: 'unavailable', detail: reasonOf(error) }
    }
  }

  async forget(user: string): Promise<boolean> {
    try {
      await retryOnce(DEADLINE_MS, () => this.#db.prepare(DELETE_USER).bind(user).run())
      return true
    } catch {
      return false
    }
  }

  async #append(batch: Batch): Promise<Appended> {
    const tooBig = batch.events.findIndex(({ body }) => bytesOf(body) > MOST_BODY_BYTES)
    if (tooBig !== -1) return refusedAt(batch, tooBig, `more than ${MOST_BODY_BYTES} bytes`)
    const tried = await this.#attempt(() => this.#insertAll(batch))
    if (tried.isDone) return { outcome: 'stored' }
    const head = await this.#readFork(batch)
    if (head !== null) return { outcome: 'forked', head }
    const found = await this.#findRefused(batch)
    return found.outcome === 'unavailable' ? { ...found, detail: tried.reason } : found
  }

  /** One transaction. Throws for an outage only. */
  #attempt(statements: () => D1PreparedStatement[]): Promise<Attempt> {
    return retryOnce(DEADLINE_MS, async () => {
      try {
        await this.#db.batch(statements())
        return { isDone: true }
      } catch (error) {
        const reason = reasonOf(error)
        if (!OF_DATA.test(reason)) throw error
        return { isDone: false, reason }
      }
    })
  }

  #insertAll(batch: Batch): D1PreparedStatement[] {
    const { chain, epoch, events, rejected, directory } = batch
    const [first, last] = [events.at(0), events.at(-1)]
    const rejectedRows = rejected.map(({ id, seq, reason, body }) => [id, seq, reason, body])
    const ofEvents =
      first === undefined || last === undefined
        ? []
        : [
            this.#db.prepare(REFUSE_OLD_EPOCH).bind(chain, epoch, last.seq, last.hash),
            ...this.#insertEvents(batch),
            this.#db.prepare(MOVE_HEAD).bind(chain, epoch, last.seq, last.hash, this.#nowMs()),
            this.#db.prepare(COUNT_SESSIONS).bind(chain, epoch, first.seq, last.seq),
          ]
    return [
      ...ofEvents,
      ...jsonChunks(rejectedRows).map((rows) => this.#db.prepare(INSERT_REJECTED).bind(chain, epoch, rows)),
      ...(directory === null ? [] : [this.#upsertUser(chain, directory)]),
    ]
  }

  #upsertUser(id: string, { name, nameHash, username, usernameHash, seenAtMs }: DirectoryEntry) {
    return this.#db.prepare(UPSERT_USER).bind(id, name, nameHash, username, usernameHash, seenAtMs)
  }

  #insertEvents({ chain, epoch, events }: Batch): D1PreparedStatement[] {
    return jsonChunks(events.map(({ seq, hash, body }) => [seq, hash, body])).map((rows) =>
      this.#db.prepare(INSERT_EVENTS).bind(chain, epoch, rows),
    )
  }

  /** The last event that D1 has of this chain if it contradicts the batch. */
  async #readFork({ chain, epoch, events }: Batch): Promise<Head | null> {
    const pairs = jsonChunks(events.map(({ seq, hash }) => [seq, hash]))
    const [heads, lasts, ...conflicts] = await retryOnce(DEADLINE_MS, () =>
      this.#db.batch<Head>([
        this.#db.prepare(HEAD_OF_CHAINS).bind(chain),
        this.#db.prepare(HEAD_OF_EVENTS).bind(chain),
        ...pairs.map((rows) => this.#db.prepare(FIRST_CONFLICT).bind(chain, epoch, rows)),
      ]),
    )
    const head = heads?.results[0] ?? lasts?.results[0]
    if (head === undefined) return null
    const hasConflict = conflicts.some(({ results }) => results.length > 0)
    return hasConflict || head.epoch > epoch ? head : null
  }

  /** Finds the first event that D1 refuses: the end of the shortest prefix that fails. Stores nothing. */
  async #findRefused(batch: Batch): Promise<Appended> {
    const reasonUpTo = async (count: number): Promise<string | null> => {
      const prefix = { ...batch, events: batch.events.slice(0, count) }
      const tried = await this.#attempt(() => [...this.#insertEvents(prefix), this.#db.prepare(FAIL)])
      if (tried.isDone || tried.reason.includes('integer overflow')) return null
      return tried.reason
    }
    let reason = await reasonUpTo(batch.events.length)
    if (reason === null) return { outcome: 'unavailable', detail: 'D1 refuses rows that are no events' }
    let [good, bad] = [0, batch.events.length]
    while (bad - good > 1) {
      const middle = Math.floor((good + bad) / 2)
      const found = await reasonUpTo(middle)
      if (found === null) good = middle
      else [bad, reason] = [middle, found]
    }
    return refusedAt(batch, bad - 1, reason)
  }
}

interface Head {
  epoch: number
  seq: number
  hash: string
}

const WithId = z.object({ id: z.string() })

function refusedAt({ events }: Batch, index: number, reason: string): Appended {
  const { body = '' } = events[index] ?? {}
  return { outcome: 'refused', id: idOf(body), reason }
}

/** Empty for a body that is no event. */
function idOf(body: string): string {
  try {
    return WithId.parse(JSON.parse(body)).id
  } catch {
    return ''
  }
}
