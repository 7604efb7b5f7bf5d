import { firstUuidOf } from '#lib/uuid.ts'
import type { EventFilter, EventPageRequest, SessionFilter } from './filter.ts'

/** One statement for SQLite: every `?` stands for the next parameter. D1 and `node:sqlite` take it as it is. */
export interface Question {
  sql: string
  params: readonly (string | number)[]
}

/** A page fits into one answer of D1, also when every event has its largest arguments. */
export const MOST_PAGE_ROWS = 250
/** How many rows of an index one statement looks at if it must compare members that the index does not have. */
export const SEEN_ROWS = 1000

const EVENT_COLUMNS = ['id', 'chain', 'epoch', 'seq', 'body']
const SESSION_COLUMNS =
  `id user grant_id client agent network app opened_at seen_at done refused failed unknown denied closed_at closed_reason
  audited_by audited_at note`.split(/\s+/)
const USER_COLUMNS = 'id, name, username, first_seen_ms, last_seen_ms'

// Every id is above the one and below the other.
const FIRST_ID = ''
const LAST_ID = 'g'
const LAST_TIME = 'g'
/** The times of UUIDv7 have 48 bits. */
const END_OF_TIMES_MS = 2 ** 48

/** What all ids of this time or later are above: the text of a UUIDv7 begins with its time. */
export const idBound = (ms: number): string => (ms < END_OF_TIMES_MS ? firstUuidOf(ms).slice(0, 13) : LAST_ID)

/** The columns of the members. Every value is compared exactly. */
const COLUMNS = {
  transaction: 'transaction_id',
  session: 'session',
  user: 'chain',
  type: 'type',
  outcome: 'outcome',
  client: 'client',
  what: 'what',
} as const
type Member = keyof typeof COLUMNS
const MEMBERS: readonly Member[] = ['transaction', 'session', 'user', 'type', 'outcome', 'client', 'what']

/** Values that an index leaves out, because most events have them. */
const COMMON: Partial<Record<Member, string>> = { type: 'call', outcome: 'done' }

/** The indexes by members, in the order of how few events they find. */
const INDEXES: readonly { index: string; members: readonly Member[] }[] = [
  { index: 'events_transaction', members: ['transaction'] },
  { index: 'events_session', members: ['session'] },
  { index: 'events_user', members: ['user'] },
  { index: 'events_client_refused', members: ['client', 'outcome'] },
  { index: 'events_type', members: ['type'] },
  { index: 'events_refused', members: ['outcome'] },
  { index: 'events_client', members: ['client'] },
  { index: 'events_what', members: ['what'] },
]

/** Rows of one index in its order: what a statement looks at. */
interface Range {
  table: string
  index: string
  where: readonly string[]
  params: readonly (string | number)[]
  order: string
}

interface Comparison {
  condition: string
  params: readonly (string | number)[]
}

/**
 * A page of events by the first index whose members are all given. The other members are compared in at most SEEN_ROWS
 * events: a row without body then says up to where.
 */
export function askEvents(filter: EventFilter, page: EventPageRequest): Question {
  const given = MEMBERS.filter((member) => filter[member] !== undefined)
  const isFound = (member: Member) => given.includes(member) && filter[member] !== COMMON[member]
  const chosen = INDEXES.find(({ members }) => members.every(isFound))
  const found = chosen?.members ?? []
  const others = given.filter((member) => !found.includes(member))
  const { low, high } = boundsOf(filter, page)
  const range: Range = {
    table: 'events',
    index: chosen?.index ?? 'events_time',
    where: [
      ...found.flatMap(conditionsOf),
      'id > ?',
      'id < ?',
      ...(page.withoutHidden === true ? [NOT_HIDDEN] : []),
    ],
    params: [...found.map((member) => filter[member] ?? ''), low, high],
    order: page.order === 'oldest' ? 'id' : 'id DESC',
  }
  const comparisons = others.map((member) => ({
    condition: `${COLUMNS[member]} = ?`,
    params: [filter[member] ?? ''],
  }))
  const compared = others.map((member) => COLUMNS[member])
  return askRange(range, { columns: EVENT_COLUMNS, compared, key: 'id' }, comparisons, page.limit)
}

/** Part of the range, so that neither the length of a page nor its end says that something was left out. */
const NOT_HIDDEN = "reason IS NOT 'policy_hidden'"

/** SQLite takes a partial index only for a query that repeats its condition. */
function conditionsOf(member: Member): string[] {
  const [column, common] = [COLUMNS[member], COMMON[member]]
  return common === undefined ? [`${column} = ?`] : [`${column} = ?`, `${column} <> '${common}'`]
}

/** `after` and the times as one range of ids, without its ends. */
function boundsOf({ fromMs, toMs }: EventFilter, { order, after }: EventPageRequest) {
  const from = fromMs === undefined ? FIRST_ID : idBound(fromMs)
  const to = toMs === undefined ? LAST_ID : idBound(toMs)
  if (after === null) return { low: from, high: to }
  return order === 'oldest'
    ? { low: after > from ? after : from, high: to }
    : { low: from, high: after < to ? after : to }
}

interface Selection {
  columns: readonly string[]
  /** Columns that are compared and not selected. */
  compared: readonly string[]
  /** The columns that say where a page ends. */
  key: string
}

/**
 * Without comparisons, the first rows of the range. With them, those of its first SEEN_ROWS rows that fit, and, if fewer fit than
 * `limit`, the key of the last row that was looked at; without such a row the range ended.
 */
function askRange(
  { table, index, where, params, order }: Range,
  { columns, compared, key }: Selection,
  comparisons: readonly Comparison[],
  limit: number,
): Question {
  const rows = Math.max(1, Math.min(limit, MOST_PAGE_ROWS))
  const range = `FROM ${table} INDEXED BY ${index} WHERE ${where.join(' AND ')} ORDER BY ${order}`
  if (comparisons.length === 0)
    return { sql: `SELECT ${columns.join(', ')} ${range} LIMIT ?`, params: [...params, rows] }
  const keys = key.split(', ')
  const edge = columns.map((column) => (keys.includes(column) ? column : `NULL AS ${column}`))
  const all = [...new Set([...columns, ...compared])]
  const sql = `SELECT ${columns.join(', ')} FROM (SELECT ${all.join(', ')} ${range} LIMIT ${SEEN_ROWS}) AS seen
    WHERE ${comparisons.map(({ condition }) => condition).join(' AND ')}
    UNION ALL SELECT ${edge.join(', ')} FROM (SELECT ${key} ${range} LIMIT 1 OFFSET ${SEEN_ROWS - 1}) AS edge
    LIMIT ?`
  return { sql: flat(sql), params: [...params, ...comparisons.flatMap((one) => one.params), ...params, rows] }
}

const flat = (sql: string): string => sql.replaceAll(/\s+/g, ' ')

/** One event. */
export const askEvent = (id: string): Question => ({
  sql: `SELECT ${EVENT_COLUMNS.join(', ')} FROM events INDEXED BY events_time WHERE id = ?`,
  params: [id],
})

/** Where a page of sessions ended. */
export interface SessionPlace {
  seenAt: string
  id: string
}

/** A page of sessions, the last used first. A session that is used between two pages moves to the front. */
export function askSessions(
  { user, client, isOpen, isAudited }: SessionFilter,
  after: SessionPlace | null,
  limit: number,
): Question {
  const range: Range = {
    table: 'sessions',
    index: user === undefined ? 'sessions_seen' : 'sessions_user',
    where: [...(user === undefined ? [] : ['user = ?']), '(seen_at, id) < (?, ?)'],
    params: [...(user === undefined ? [] : [user]), after?.seenAt ?? LAST_TIME, after?.id ?? FIRST_ID],
    order: 'seen_at DESC, id DESC',
  }
  const comparisons: Comparison[] = [
    ...(client === undefined ? [] : [{ condition: 'client = ?', params: [client] }]),
    ...(isOpen === undefined ? [] : [{ condition: `closed_at IS ${isOpen ? '' : 'NOT '}NULL`, params: [] }]),
    ...(isAudited === undefined
      ? []
      : [{ condition: `audited_by IS ${isAudited ? 'NOT ' : ''}NULL`, params: [] }]),
  ]
  return askRange(range, { columns: SESSION_COLUMNS, compared: [], key: 'seen_at, id' }, comparisons, limit)
}

/** The users whose name, or username, has this keyed hash, in the order of their ids. */
export const askUsersBy = (
  by: 'name' | 'username',
  hash: string,
  after: string | null,
  limit: number,
): Question => ({
  sql: `SELECT ${USER_COLUMNS} FROM users INDEXED BY users_${by} WHERE ${by}_hash = ? AND id > ? ORDER BY id LIMIT ?`,
  params: [hash, after ?? FIRST_ID, Math.min(limit, MOST_PAGE_ROWS)],
})

export const askUser = (id: string): Question => ({
  sql: `SELECT ${USER_COLUMNS} FROM users WHERE id = ?`,
  params: [id],
})

/** A page of the directory, in the order of ids. */
export const askUsers = (after: string | null, limit: number): Question => ({
  sql: `SELECT ${USER_COLUMNS} FROM users WHERE id > ? ORDER BY id LIMIT ?`,
  params: [after ?? FIRST_ID, Math.min(limit, MOST_PAGE_ROWS)],
})

/**
 * Each value of `column` once, above `after`, in its order: one search in the index for each, however many events have it.
 */
function askDistinct(
  column: 'chain' | 'client',
  index: string,
  by: string,
  value: string,
  after: string | null,
  limit: number,
): Question {
  const above = (bound: string) => `(SELECT ${column} FROM events INDEXED BY ${index}
    WHERE ${by} = ? AND type = 'grant.opened' AND ${column} > ${bound} ORDER BY ${column} LIMIT 1)`
  const sql = `WITH RECURSIVE found (value) AS (SELECT ${above('?')}
    UNION ALL SELECT ${above('found.value')} FROM found WHERE found.value IS NOT NULL LIMIT ?)
    SELECT value FROM found WHERE value IS NOT NULL`
  return { sql: flat(sql), params: [value, after ?? FIRST_ID, value, Math.min(limit, MOST_PAGE_ROWS)] }
}

/** The users who had a grant of a client, as far back as the log goes. */
export const askUsersOfClient = (client: string, after: string | null, limit: number): Question =>
  askDistinct('chain', 'events_client_users', 'client', client, after, limit)

/** The clients that had a grant of a user, as far back as the log goes. */
export const askClientsOfUser = (user: string, after: string | null, limit: number): Question =>
  askDistinct('client', 'events_user_clients', 'chain', user, after, limit)
