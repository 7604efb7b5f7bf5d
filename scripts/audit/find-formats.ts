import type { FoundEvent } from '#audit/read-questions.ts'
import type { AuditEvent, StoredArguments } from '#events/event.ts'
import { withHiddenEscaped } from '#lib/bounded-text.ts'
import type { Format } from './find-options.ts'
import type { ShowTime } from './times.ts'

/** How events are written, a line each. `head`: the line before them. */
interface EventFormat {
  readonly head: string | null
  line(found: FoundEvent): string
}

/** Personal fields are one ciphertext or keyed hashes: nobody reads them here. */
const PERSONAL = '(personal)'

/** What is shown of an event, the same in every format. */
interface Facts {
  at: string
  event: string
  type: string
  user: string
  client: string
  domain: string
  kind: string
  what: string
  outcome: string
  reason: string
  arguments: string
  transaction: string
  session: string
  grant: string
  network: string
  agent: string
  act: string
  operation: string
  /** The user whom an act of an operator concerned, and the grant, client, session or event. */
  about: string
  subject: string
  /** The operator behind an event of another user. */
  by: string
}
const COLUMNS = [
  ...([
    'at',
    'event',
    'type',
    'user',
    'client',
    'domain',
    'kind',
    'what',
    'outcome',
    'reason',
    'arguments',
  ] as const),
  ...([
    'transaction',
    'session',
    'grant',
    'network',
    'agent',
    'act',
    'operation',
    'about',
    'subject',
    'by',
  ] as const),
] as const satisfies readonly (keyof Facts)[]

const argumentsOf = (event: AuditEvent): StoredArguments | undefined =>
  'arguments' in event ? event.arguments : undefined

/** Without ciphertexts and hashes. */
function shownArguments({ plain, personal, hmac, hash, cut }: StoredArguments) {
  return {
    ...(plain === undefined ? {} : { plain }),
    ...(personal === undefined && hmac === undefined ? {} : { personal: PERSONAL }),
    ...(hash === undefined ? {} : { hashed: Object.keys(hash) }),
    ...(cut === undefined ? {} : { cut }),
  }
}

/** The event as an operator reads it without the keys of users. */
function shownEvent(event: AuditEvent): object {
  if (event.type === 'operator.began') return { ...event, reason: shownArguments(event.reason) }
  const given = argumentsOf(event)
  return given === undefined ? event : { ...event, arguments: shownArguments(given) }
}

function argumentsText(event: AuditEvent): string {
  const given = argumentsOf(event)
  if (given === undefined) return ''
  const { plain, personal, hashed } = shownArguments(given)
  return [
    ...(plain === undefined ? [] : [JSON.stringify(plain)]),
    ...(personal === undefined ? [] : [personal]),
    ...(hashed === undefined ? [] : [`hashed: ${hashed.join(', ')}`]),
  ].join(' ')
}

function factsOf({ id, user, event, fault }: FoundEvent, showTime: ShowTime): Facts {
  const none = { client: '', domain: '', kind: '', what: '', outcome: '', reason: '', arguments: '' }
  const noIds = { transaction: '', session: '', grant: '', network: '', agent: '' }
  const noAct = { act: '', operation: '', about: '', subject: '', by: '' }
  const same = { ...none, ...noIds, ...noAct, event: id, user }
  if (event === null)
    return { ...same, at: showTime(timeOf(id)), type: `(of another release: ${fault ?? 'unknown'})` }
  return {
    ...same,
    at: showTime(event.at),
    type: event.type,
    client: event.client?.id ?? '',
    domain: event.client?.domain ?? '',
    ...('what' in event && event.what !== undefined ? { kind: event.what.kind, what: event.what.name } : {}),
    outcome: 'outcome' in event ? event.outcome : '',
    reason: reasonOf(event),
    arguments: argumentsText(event),
    transaction: event.transaction ?? '',
    session: 'session' in event ? (event.session ?? '') : '',
    grant: event.grant ?? '',
    network: event.network ?? '',
    agent: event.agent ?? '',
    act: 'act' in event ? (event.act ?? '') : '',
    operation: 'operation' in event ? event.operation : '',
    about: 'about' in event ? (event.about ?? '') : '',
    subject: 'subject' in event ? (event.subject ?? '') : '',
    by: 'by' in event ? (event.by ?? '') : '',
  }
}

function reasonOf(event: AuditEvent): string {
  if (event.type === 'operator.began') return PERSONAL
  if (event.type === 'security') return event.finding
  return 'reason' in event ? (event.reason ?? '') : ''
}

/** The time in a UUIDv7. */
const timeOf = (id: string): string => {
  const ms = Number.parseInt(id.replace('-', '').slice(0, 12), 16)
  return Number.isNaN(ms) ? '' : new Date(ms).toISOString()
}

/** In this order. What is longer moves the rest of its line. */
const WIDTHS = { type: 18, outcome: 8, what: 16, user: 22, event: 36 } as const
const MOST_CHARACTERS = 200

/** Text of a log that somebody may have changed: none of it reaches the terminal as a control sequence. */
const oneLine = (text: string): string =>
  withHiddenEscaped(JSON.stringify(text).slice(1, -1)).replaceAll('\\"', '"')

function tableFormat(showTime: ShowTime): EventFormat {
  const widths = { at: showTime(new Date(0).toISOString()).length, ...WIDTHS }
  const line = (facts: Record<keyof typeof widths, string>, rest: string) =>
    (['at', 'type', 'outcome', 'what', 'user', 'event'] as const)
      .map((name) => oneLine(facts[name]).padEnd(widths[name]))
      .concat(rest)
      .join(' ')
      .trimEnd()
  const head = { at: 'time', type: 'type', outcome: 'outcome', what: 'what', user: 'user', event: 'event' }
  return {
    head: line(head, 'client · whom an act concerned · reason · arguments'),
    line: (found) => {
      const facts = factsOf(found, showTime)
      const { client, operation, about, subject, by, reason } = facts
      const concerned = [about && `user ${about}`, subject, by && `by ${by}`]
      const rest = [client, ...concerned, reason, facts.arguments].filter((part) => part !== '').join(' · ')
      const shown = oneLine(rest)
      // An act stands where a call has its tool.
      return line(
        { ...facts, what: facts.what || operation },
        shown.length > MOST_CHARACTERS ? `${shown.slice(0, MOST_CHARACTERS - 1)}…` : shown,
      )
    },
  }
}

const jsonLines: EventFormat = {
  head: null,
  line: ({ event, ...found }) =>
    withHiddenEscaped(JSON.stringify({ ...found, event: event === null ? null : shownEvent(event) })),
}

/** A spreadsheet takes a cell that begins with one of these for a formula. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/
// oxlint-disable-next-line no-control-regex -- They do not belong into a file of text.
const CONTROLS = /[\0-\x08\v\f\x0e-\x1f]/g

/** RFC 4180. */
export function csvCell(text: string): string {
  const visible = withHiddenEscaped(
    text.replaceAll(CONTROLS, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
  const safe = FORMULA.test(visible) ? `'${visible}` : visible
  return safe !== visible || /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** The printer ends the line. */
const csvLine = (cells: readonly string[]): string => `${cells.map(csvCell).join(',')}\r`

const csvFormat = (showTime: ShowTime): EventFormat => ({
  head: csvLine(COLUMNS),
  line: (found) => {
    const facts = factsOf(found, showTime)
    return csvLine(COLUMNS.map((name) => facts[name]))
  },
})

/** `showTime` is for readers; JSON keeps the times as they are stored. */
export function formatOf(format: Format, showTime: ShowTime): EventFormat {
  switch (format) {
    case 'table':
      return tableFormat(showTime)
    case 'jsonl':
      return jsonLines
    case 'csv':
      return csvFormat(showTime)
  }
}
