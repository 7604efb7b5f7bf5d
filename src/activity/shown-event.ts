import { z } from 'zod'
import type { FoundEvent } from '#audit/read-questions.ts'
import { AuditEvent, Operation } from '#events/event.ts'
import { boundedText, textUpTo } from '#lib/bounded-text.ts'

/*
 * An audit event as a model may see it: ids, words of this server and numbers. Nothing that a client says of itself, and
 * no argument but those of class `plain`. Users are pseudonyms.
 */

const MAX_ARGUMENT = 300
const word = z.string().max(64)

const ShownEvent = z.object({
  id: word,
  at: word,
  type: word,
  user: word,
  transaction: word.optional(),
  grant: word.optional(),
  session: word.optional(),
  /** The client id; `domain` is that of its metadata document. */
  client: z.string().max(2048).optional(),
  domain: z.string().max(253).optional(),
  network: word.optional(),
  agent: word.optional(),
  what: textUpTo(200).optional(),
  outcome: word.optional(),
  reason: word.optional(),
  /** The rule of policy that denied, or the id of the switch. */
  rule: word.optional(),
  ms: z.int().optional(),
  /** Equal denials within a minute. */
  count: z.int().optional(),
  /** Those of class `plain`. */
  arguments: z.record(z.string(), textUpTo(MAX_ARGUMENT)).optional(),
  /** The operator behind an event of another user, and the id of their act. */
  by: word.optional(),
  act: word.optional(),
  operation: Operation.optional(),
  /** The user whom an act concerns; the grant, client, session or event; how many users and grants it affects. */
  about: word.optional(),
  subject: z.string().max(2048).optional(),
  users: z.int().optional(),
  grants: z.int().optional(),
})
type ShownEvent = z.infer<typeof ShownEvent>

/** What a filter can name. */
export const eventTypes: ReadonlySet<string> = new Set(
  AuditEvent.options.map(({ shape }) => shape.type.value),
)

const Numbers = z.object({ users: z.int(), grants: z.int() })

/** The fields of an event that are shown, as events have them. */
const Facts = ShownEvent.omit({ client: true, domain: true, what: true, arguments: true, rule: true }).extend(
  {
    client: z.object({ id: z.string(), domain: z.string().optional() }).optional(),
    what: z.object({ name: z.string() }).optional(),
    // The reason of an operator is an object: it is protected.
    reason: word.optional().catch(undefined),
    finding: word.optional(),
    arguments: z.object({ plain: z.record(z.string(), z.unknown()).optional() }).optional(),
    decision: z.object({ effect: z.string(), rules: z.array(word) }).optional(),
    affects: Numbers.optional(),
    affected: Numbers.optional(),
  },
)

function showEvent(event: AuditEvent): ShownEvent {
  const {
    client,
    what,
    reason,
    finding,
    decision,
    arguments: given,
    affects,
    affected,
    ...facts
  } = Facts.parse(event)
  const rule = decision?.effect === 'allow' ? undefined : decision?.rules[0]
  return ShownEvent.parse({
    ...facts,
    ...(client && { client: client.id }),
    ...(client?.domain !== undefined && { domain: client.domain }),
    ...(what && { what: boundedText(what.name, 200) }),
    ...((reason ?? finding) !== undefined && { reason: reason ?? finding }),
    ...(rule !== undefined && { rule }),
    ...(given?.plain && { arguments: Object.fromEntries(Object.entries(given.plain).map(shownArgument)) }),
    ...affects,
    ...affected,
  })
}

const shownArgument = ([name, value]: [string, unknown]): [string, string] => [
  boundedText(name, 64),
  boundedText(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''), MAX_ARGUMENT),
]

export const MOST_EVENTS = 50

/** An event as the schema of a tool has it, which models read in every session: `showEvent` chose its other fields. */
const ListedEvent = z.looseObject({ at: z.string(), type: z.string() }).meta({ additionalProperties: true })

/** A page of events. `unreadable`: events of another release, which has other fields. */
export const EventPage = z.object({
  events: z.array(ListedEvent).describe('With id, user, client, what, outcome, reason, transaction, …'),
  unreadable: z.number(),
  next: textUpTo(100).nullable(),
})
export type EventPage = z.infer<typeof EventPage>

export function showPage({ items, next }: { items: readonly FoundEvent[]; next: string | null }): EventPage {
  const events = items.flatMap(({ event }) => (event === null ? [] : [showEvent(event)]))
  return { events, unreadable: items.length - events.length, next }
}

/** The page as rows: time and type, then the other fields by name. */
export const compactPage = ({ events, ...page }: EventPage) => ({
  events: events.map(({ at, type, ...facts }) => [at, type, facts]),
  ...page,
})

export const ROWS = 'Each row below has the time (UTC), the type of the event, and its other facts.'
/** The outbox of a user ships about every two seconds. */
export const LATE = 'What happened in the last seconds may be missing.'

/** The sentence for a page of events. `order`: how they are ordered. */
export function sayPage({ events, unreadable, next }: EventPage, tool: string, order: string): string {
  const count = events.length === 1 ? '1 event' : `${events.length || 'No'} events`
  const rows = events.length === 0 ? '' : ` ${ROWS}`
  const lost = unreadable === 0 ? '' : ` ${unreadable} of another release cannot be shown.`
  const more = next === null ? '' : ` There may be more: call ${tool} with after set to next.`
  return `${count}${events.length > 1 ? `, ${order} first` : ''}.${rows}${lost}${more} ${LATE}`
}
