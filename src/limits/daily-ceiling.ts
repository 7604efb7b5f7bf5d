import { retryOnce } from '#lib/retry-once.ts'

const TABLE = `CREATE TABLE IF NOT EXISTS registration_days (
  day TEXT NOT NULL, network TEXT NOT NULL, made INTEGER NOT NULL, PRIMARY KEY (day, network)) STRICT`
// One statement checks and counts, so that two concurrent requests cannot both be the last.
const TAKE = `INSERT INTO registration_days (day, network, made)
  SELECT ?1, ?2, 1 WHERE (SELECT COALESCE(SUM(made), 0) FROM registration_days WHERE day = ?1) < ?3
  ON CONFLICT (day, network) DO UPDATE SET made = made + 1 WHERE made < ?4 RETURNING made`
const OF_DAY = 'SELECT COALESCE(SUM(made), 0) AS made FROM registration_days WHERE day = ?'

/** Keeps one network from using up the ceiling of all others. */
const NETWORK_SHARE = 0.1

/**
 * The exact number of registrations in a day (UTC), in total and per network. Stored in D1, because a Durable Object
 * class would be one more to bind and migrate for a few requests a minute. Rows of earlier days are deleted.
 */
export class DailyCeiling {
  readonly #db: D1Database
  readonly #max: number
  readonly #deadlineMs: number

  constructor(db: D1Database, max: number, deadlineMs: number) {
    this.#db = db
    this.#max = max
    this.#deadlineMs = deadlineMs
  }

  /** Counts one registration unless a ceiling is reached. A retry may count two. */
  async take(network: string, nowMs: number): Promise<'taken' | 'over_for_network' | 'over_for_all'> {
    const day = new Date(nowMs).toISOString().slice(0, 10)
    const maxOfNetwork = Math.ceil(this.#max * NETWORK_SHARE)
    const [, , taken, all] = await retryOnce(this.#deadlineMs, () =>
      this.#db.batch<{ made: number }>([
        this.#db.prepare(TABLE),
        this.#db.prepare('DELETE FROM registration_days WHERE day < ?').bind(day),
        this.#db.prepare(TAKE).bind(day, network, this.#max, maxOfNetwork),
        this.#db.prepare(OF_DAY).bind(day),
      ]),
    )
    if (taken?.results.length === 1) return 'taken'
    return (all?.results[0]?.made ?? 0) < this.#max ? 'over_for_network' : 'over_for_all'
  }
}

/** Seconds until the next day (UTC). */
export const dayLeftSeconds = (nowMs: number): number => {
  const dayMs = 86_400_000
  return Math.ceil((dayMs - (nowMs % dayMs)) / 1000)
}
