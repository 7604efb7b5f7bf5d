import { z } from 'zod'
import { AuditEvent } from '#events/event.ts'
import type { DirectoryRow, EventFilter, EventPageRequest, ListedSession, SessionFilter } from './filter.ts'
import {
  askClientsOfUser,
  askEvent,
  askEvents,
  askSessions,
  askUser,
  askUsers,
  askUsersBy,
  askUsersOfClient,
  MOST_PAGE_ROWS,
  type Question,
} from './questions.ts'
import { readEvent } from './read-event.ts'

/** Answers one question with its rows. */
export type Ask = (question: Question) => Promise<readonly unknown[]>

/** What is used of D1. Scripts import this file without the types of Workers. */
interface D1 {
  prepare(sql: string): { bind(...params: unknown[]): { all(): Promise<{ results: unknown[] }> } }
}

export const askD1 =
  (db: D1): Ask =>
  async ({ sql, params }) => {
    const { results } = await db
      .prepare(sql)
      .bind(...params)
      .all()
    return results
  }

/** An event as it was found. `event` is null and `fault` names fields if another release wrote it, with another schema. */
export interface FoundEvent {
  id: string
  /** The name of the user's object whose chain it is in. */
  user: string
  epoch: number
  seq: number
  event: AuditEvent | null
  fault: string | null
}

/** `next`: what to give as `after` for the page that follows; null: there is none. A page before the last may be empty. */
export interface Page<T> {
  items: readonly T[]
  next: string | null
}

const EventRow = z.object({
  id: z.string(),
  chain: z.string(),
  epoch: z.int(),
  seq: z.int(),
  body: z.string(),
})
/** Up to where a statement looked. */
const EdgeRow = z.object({ id: z.string(), body: z.null() })

const SessionRow = z.object({
  id: z.string(),
  user: z.string(),
  grant_id: z.string().nullable(),
  client: z.string().nullable(),
  agent: z.string().nullable(),
  network: z.string().nullable(),
  app: z.string(),
  opened_at: z.string().nullable(),
  seen_at: z.string(),
  done: z.int(),
  refused: z.int(),
  failed: z.int(),
  unknown: z.int(),
  denied: z.int(),
  closed_at: z.string().nullable(),
  closed_reason: z.string().nullable(),
  audited_by: z.string().nullable(),
  audited_at: z.string().nullable(),
  note: z.string().nullable(),
})
const SessionEdgeRow = z.object({ id: z.string(), seen_at: z.string(), user: z.null() })

const UserRow = z.object({
  id: z.string(),
  name: z.string().nullable(),
  username: z.string().nullable(),
  first_seen_ms: z.int(),
  last_seen_ms: z.int(),
})
const ValueRow = z.object({ value: z.string() })

/** How many statements one page may take. A page of few matches among many events ends early. */
const MOST_STATEMENTS = 5

/** Answers the questions of migrations/0001 and 0002. Throws for an outage of the database. */
export class AuditQuestions {
  readonly #ask: Ask

  constructor(ask: Ask) {
    this.#ask = ask
  }

  /** A page of events in the order of their ids. */
  async events(
    filter: EventFilter,
    { after, limit, ...request }: EventPageRequest,
  ): Promise<Page<FoundEvent>> {
    return readPages(after, limit, async (from, rest) => {
      const rows = await this.#ask(askEvents(filter, { ...request, after: from, limit: rest }))
      const edge = EdgeRow.safeParse(rows.at(-1))
      const items = (edge.success ? rows.slice(0, -1) : rows).map(foundEvent)
      return { items, edge: edge.success ? edge.data.id : null, placeOf: ({ id }: FoundEvent) => id }
    })
  }

  async event(id: string): Promise<FoundEvent | null> {
    const [row] = await this.#ask(askEvent(id))
    return row === undefined ? null : foundEvent(row)
  }

  /** The events of one transaction, in the order of their ids. */
  transaction(transaction: string, after: string | null = null): Promise<Page<FoundEvent>> {
    return this.events({ transaction }, { order: 'oldest', after, limit: MOST_PAGE_ROWS })
  }

  /** A page of sessions, the last used first. */
  async sessions(filter: SessionFilter, after: string | null, limit: number): Promise<Page<ListedSession>> {
    return readPages(after, limit, async (from, rest) => {
      const rows = await this.#ask(askSessions(filter, from === null ? null : readPlace(from), rest))
      const edge = SessionEdgeRow.safeParse(rows.at(-1))
      const items = (edge.success ? rows.slice(0, -1) : rows).map(listedSession)
      return {
        items,
        edge: edge.success ? placeText(edge.data.seen_at, edge.data.id) : null,
        placeOf: ({ seenAt, id }: ListedSession) => placeText(seenAt, id),
      }
    })
  }

  async user(id: string): Promise<DirectoryRow | null> {
    const [row] = await this.#ask(askUser(id))
    return row === undefined ? null : directoryRow(row)
  }

  /** A page of the directory, in the order of ids. */
  async users(after: string | null, limit: number): Promise<Page<DirectoryRow>> {
    return pageOf((await this.#ask(askUsers(after, limit))).map(directoryRow), limit, ({ id }) => id)
  }

  /** The users with this keyed hash of their name, or of their username. */
  async usersBy(
    by: 'name' | 'username',
    hash: string,
    after: string | null,
    limit: number,
  ): Promise<Page<DirectoryRow>> {
    const rows = await this.#ask(askUsersBy(by, hash, after, limit))
    return pageOf(rows.map(directoryRow), limit, ({ id }) => id)
  }

  /** The names of the objects of the users who had a grant of a client. */
  async usersOfClient(client: string, after: string | null, limit: number): Promise<Page<string>> {
    const rows = await this.#ask(askUsersOfClient(client, after, limit))
    return pageOf(rows.map(valueIn), limit, (user) => user)
  }

  /** The ids of the clients that had a grant of a user. */
  async clientsOfUser(user: string, after: string | null, limit: number): Promise<Page<string>> {
    const rows = await this.#ask(askClientsOfUser(user, after, limit))
    return pageOf(rows.map(valueIn), limit, (client) => client)
  }
}

interface Looked<T> {
  items: readonly T[]
  /** Up to where it looked, if it did not fill the page and there may be more. */
  edge: string | null
  placeOf: (item: T) => string
}

/** Asks on from the edge until the page is full, the range has ended, or enough was looked at. */
async function readPages<T>(
  after: string | null,
  limit: number,
  look: (after: string | null, rest: number) => Promise<Looked<T>>,
): Promise<Page<T>> {
  const most = mostRows(limit)
  const items: T[] = []
  let place = after
  for (let asked = 0; asked < MOST_STATEMENTS; asked += 1) {
    const looked = await look(place, most - items.length)
    items.push(...looked.items)
    const last = items.at(-1)
    if (items.length >= most && last !== undefined) return { items, next: looked.placeOf(last) }
    if (looked.edge === null) return { items, next: null }
    place = looked.edge
  }
  return { items, next: place }
}

const mostRows = (limit: number): number => Math.max(1, Math.min(limit, MOST_PAGE_ROWS))

function pageOf<T>(items: readonly T[], limit: number, placeOf: (item: T) => string): Page<T> {
  const last = items.at(-1)
  return { items, next: last !== undefined && items.length >= mostRows(limit) ? placeOf(last) : null }
}

function foundEvent(row: unknown): FoundEvent {
  const { id, chain, epoch, seq, body } = EventRow.parse(row)
  const found = { id, user: chain, epoch, seq }
  const event = AuditEvent.safeParse(JSON.parse(body))
  if (event.success) return { ...found, event: event.data, fault: null }
  return { ...found, event: null, fault: readEvent(body).fault ?? 'the whole body' }
}

function listedSession(row: unknown): ListedSession {
  const { grant_id, opened_at, seen_at, closed_at, closed_reason, audited_by, audited_at, ...rest } =
    SessionRow.parse(row)
  const { done, refused, failed, unknown, denied, ...same } = rest
  return {
    ...same,
    grant: grant_id,
    openedAt: opened_at,
    seenAt: seen_at,
    calls: { done, refused, failed, unknown, denied },
    closedAt: closed_at,
    closedReason: closed_reason,
    auditedBy: audited_by,
    auditedAt: audited_at,
  }
}

function directoryRow(row: unknown): DirectoryRow {
  const { id, name, username, first_seen_ms, last_seen_ms } = UserRow.parse(row)
  return { id, name, username, firstSeenMs: first_seen_ms, lastSeenMs: last_seen_ms }
}

const valueIn = (row: unknown): string => ValueRow.parse(row).value

/** A time has no blank in it. */
const placeText = (seenAt: string, id: string): string => `${seenAt} ${id}`
function readPlace(text: string) {
  const blank = text.indexOf(' ')
  return { seenAt: text.slice(0, blank), id: text.slice(blank + 1) }
}
