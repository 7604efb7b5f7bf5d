import { retryOnce } from '#lib/retry-once.ts'

const TABLE = `CREATE TABLE IF NOT EXISTS registration_days (
  day TEXT NOT NULL, network TEXT NOT NULL, made INTEGER NOT NULL, PRIMARY KEY (day, network)) STRICT`
// One statement looks and counts, so that two requests at once cannot both be the last.
const TAKE = `INSERT INTO registration_days (day, network, made)
  SELECT ?1, ?2, 1 WHERE (SELECT COALESCE(SUM(made), 0) FROM registration_days WHERE day = ?1) < ?3
  ON CONFLICT (day, network) DO UPDATE SET made = made + 1 WHERE made < ?4 RETURNING made`
const OF_DAY = 'SELECT COALESCE(SUM(made), 0) AS made FROM registration_days WHERE day = ?'

/** So that one network cannot use up the day of all others. */
const NETWORK_SHARE = 0.1

/**
 * How many registrations this server took in a day (UTC), exactly: from everybody, and from each network. Rows of D1
 * and not an object of their own: a class would be one more to export, to bind and to migrate, for a number that is
 * asked for a few times a minute. There are never more rows than registrations, and those of other days go.
 */
export class DailyCeiling {
  readonly #db: D1Database
  readonly #most: number
  readonly #deadlineMs: number

  constructor(db: D1Database, most: number, deadlineMs: number) {
    this.#db = db
    this.#most = most
    this.#deadlineMs = deadlineMs
  }

  /** Takes one, or says whose are used up. A question that had to be asked twice may take two. */
  async take(network: string, nowMs: number): Promise<'taken' | 'over_for_network' | 'over_for_all'> {
    const day = new Date(nowMs).toISOString().slice(0, 10)
    const ofNetwork = Math.ceil(this.#most * NETWORK_SHARE)
    const [, , taken, all] = await retryOnce(this.#deadlineMs, () =>
      this.#db.batch<{ made: number }>([
        this.#db.prepare(TABLE),
        this.#db.prepare('DELETE FROM registration_days WHERE day < ?').bind(day),
        this.#db.prepare(TAKE).bind(day, network, this.#most, ofNetwork),
        this.#db.prepare(OF_DAY).bind(day),
      ]),
    )
    if (taken?.results.length === 1) return 'taken'
    return (all?.results[0]?.made ?? 0) < this.#most ? 'over_for_network' : 'over_for_all'
  }
}

/** Until the next day begins. */
export const dayLeftSeconds = (nowMs: number): number => {
  const dayMs = 86_400_000
  return Math.ceil((dayMs - (nowMs % dayMs)) / 1000)
}
