import { z } from 'zod'
import { firstUuidOf } from '#lib/uuid.ts'
import type { Ask } from './read-questions.ts'

const FoundRow = z.object({ found: z.literal([0, 1]) })
const CountRow = z.object({ users: z.int(), grants: z.int() })
const SessionUserRow = z.object({ user: z.string() })

/** What acts of operators need of the log, besides its questions. Throws for an outage of the database. */
export class OperatedRecords {
  readonly #ask: Ask

  constructor(ask: Ask) {
    this.#ask = ask
  }

  /** Whether this is the name of an object that exists: no other may be reached. Erased users are known too. */
  async isKnownUser(user: string): Promise<boolean> {
    const sql = `SELECT EXISTS (SELECT 1 FROM users WHERE id = ?1)
      OR EXISTS (SELECT 1 FROM chains WHERE chain = ?1) AS found`
    const [row] = await this.#ask({ sql, params: [user] })
    return FoundRow.parse(row).found === 1
  }

  /** The users who had a grant of a client, and how many they opened since then, whether they have ended or not. */
  async countOfClient(client: string, sinceMs: number): Promise<z.infer<typeof CountRow>> {
    const sql = `SELECT count(DISTINCT chain) AS users, coalesce(sum(id >= ?2), 0) AS grants
      FROM events INDEXED BY events_client_users WHERE client = ?1 AND type = 'grant.opened'`
    const [row] = await this.#ask({ sql, params: [client, firstUuidOf(Math.max(0, sinceMs))] })
    return CountRow.parse(row)
  }

  /** The user of a session. */
  async userOfSession(session: string): Promise<string | null> {
    const [row] = await this.#ask({ sql: 'SELECT user FROM sessions WHERE id = ?', params: [session] })
    return row === undefined ? null : SessionUserRow.parse(row).user
  }

  /** Marks a session as audited. The reason of the act is the note. The last mark counts. */
  async markSession(session: string, mark: { by: string; at: string; act: string }): Promise<void> {
    const sql = 'UPDATE sessions SET audited_by = ?, audited_at = ?, note = ? WHERE id = ?'
    await this.#ask({ sql, params: [mark.by, mark.at, mark.act, session] })
  }
}
