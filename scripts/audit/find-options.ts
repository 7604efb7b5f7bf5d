import { EventFilter } from '#audit/filter.ts'
import { AuditEvent } from '#events/event.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { readTime, showTimesIn, type ShowTime, TIME_FORMS } from './times.ts'

/** The options of `find`, as the command line has them. */
export const FIND_OPTIONS = [
  'user',
  'client',
  'tool',
  'outcome',
  'type',
  'session',
  'transaction',
  'from',
  'to',
  'tz',
  'format',
  'limit',
  'newest',
] as const

export interface FindOptions {
  user?: string | undefined
  client?: string | undefined
  tool?: string | undefined
  outcome?: string | undefined
  type?: string | undefined
  session?: string | undefined
  transaction?: string | undefined
  from?: string | undefined
  to?: string | undefined
  tz?: string | undefined
  format?: string | undefined
  limit?: string | undefined
  newest?: boolean | undefined
}

const formats = ['table', 'jsonl', 'csv'] as const
export type Format = (typeof formats)[number]

/** What `find` looks for. `userName`: a username or display name, whose object is not known yet. */
export interface FindRequest {
  filter: EventFilter
  userName: string | null
  format: Format
  showTime: ShowTime
  /** Null: everything. */
  limit: number | null
  order: 'oldest' | 'newest'
}

const types: readonly string[] = AuditEvent.options.map(({ shape }) => shape.type.value)
const outcomes: readonly string[] = EventFilter.shape.outcome.unwrap().options
/** The name of a user's object (users/base/user-id.ts). Another text is a username or a display name. */
const OBJECT_NAME = /^[A-Za-z0-9_-]{22}$/

const oneOf = (name: string, accepted: readonly string[], value: string | undefined) => {
  if (value === undefined || accepted.includes(value)) return value
  throw new StartProblem(`--${name} ${JSON.stringify(value)} is not known. Accepted: ${accepted.join(', ')}.`)
}

/** Throws a StartProblem, one sentence and the accepted forms, for a filter that makes no sense. */
export function readFindRequest(options: FindOptions, nowMs: number): FindRequest {
  for (const name of FIND_OPTIONS)
    if (options[name] === '')
      throw new StartProblem(`--${name} is empty. Accepted: a value, or no --${name}.`)
  const { user, client, tool, session, transaction, from, to } = options
  oneOf('outcome', outcomes, options.outcome)
  const format = formats.find((one) => one === oneOf('format', formats, options.format ?? 'table')) ?? 'table'
  const fromMs = from === undefined ? undefined : readTime('from', from, nowMs)
  const toMs = to === undefined ? undefined : readTime('to', to, nowMs)
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs)
    throw new StartProblem(
      `--from (${new Date(fromMs).toISOString()}) is not before --to (${new Date(toMs).toISOString()}), which is exclusive. ${TIME_FORMS}`,
    )
  const isObject = user !== undefined && OBJECT_NAME.test(user)
  const given = {
    user: isObject ? user : undefined,
    client,
    what: tool,
    outcome: options.outcome,
    type: oneOf('type', types, options.type),
    session,
    transaction,
    fromMs,
    toMs,
  }
  const filter = EventFilter.safeParse(given)
  if (!filter.success) {
    const [field = 'filter'] = filter.error.issues.flatMap(({ path }) => path.map(String))
    throw new StartProblem(`--${field === 'what' ? 'tool' : field} is too long to be one.`)
  }
  return {
    filter: filter.data,
    userName: user === undefined || isObject ? null : user,
    format,
    showTime: showTimesIn(options.tz),
    limit: readLimit(options.limit),
    order: options.newest === true ? 'newest' : 'oldest',
  }
}

function readLimit(text: string | undefined): number | null {
  if (text === undefined) return null
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (limit === 0)
    throw new StartProblem(`--limit ${JSON.stringify(text)} is no number. Accepted: 1 to 999999999.`)
  return limit
}

const OPTION = /^--[a-z][a-z-]*$/
const OPTION_WITH_VALUE = /^--[a-z][a-z-]*(?:=|$)/

/**
 * Joins an option and a value that begins with a dash, as ids do that this server makes: `--client -8Gw`. parseArgs takes
 * such a value only in one word.
 */
export function joinDashedValues(args: readonly string[]): string[] {
  const joined: string[] = []
  for (const word of args) {
    const last = joined.at(-1)
    const isValue = last !== undefined && OPTION.test(last) && word.startsWith('-') && word !== '-'
    if (isValue && !OPTION_WITH_VALUE.test(word)) joined[joined.length - 1] = `${last}=${word}`
    else joined.push(word)
  }
  return joined
}
