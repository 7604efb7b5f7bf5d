import { z } from 'zod'
import { keptAs } from '#catalog/argument-class.ts'
import type { EventFilter } from '#audit/filter.ts'
import { eventTypes, MOST_EVENTS } from './shown-event.ts'

/*
 * The arguments of the tools. All are ids, closed words, numbers and times, so the audit log keeps them in clear. A blank
 * is in none of them: nobody can put a sentence there. Models read the schemas in every session, so forms are checked
 * here and not part of them: the error of a call names the field, and its description the form.
 */

const text = (form: RegExp) => z.string().refine((given) => form.test(given))

/** Ids of any kind, of clients too: printable ASCII without a blank. */
const ID = /^[!-~]{1,2048}$/
const SHORT_ID = /^[!-~]{1,200}$/
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/
const time = text(TIME).refine((given) => Date.parse(given) >= 0)

/** The user as events have it. Only tools of operators take it. */
export const userArgument = keptAs(
  'plain',
  text(/^[A-Za-z0-9_-]{22}$/)
    .optional()
    .describe('Pseudonym, from an event'),
)
export const clientArgument = keptAs('plain', text(ID).optional().describe('Client id'))
export const transactionArgument = keptAs('plain', text(UUID).describe('From an event, or _meta of a result'))
export const limitArgument = keptAs('plain', z.int().min(1).max(MOST_EVENTS).optional())
export const afterArgument = keptAs('plain', text(UUID).optional().describe('next of the page before'))

/** What can be asked of events. */
export const eventArguments = {
  client: clientArgument,
  what: keptAs('plain', text(SHORT_ID).optional().describe('Tool name')),
  outcome: keptAs('plain', z.enum(['done', 'refused', 'failed', 'unknown']).optional()),
  type: keptAs(
    'plain',
    z
      .string()
      .refine((given) => eventTypes.has(given))
      .optional()
      .describe('call, call.denied, login.completed, grant.opened, grant.ended …'),
  ),
  session: keptAs('plain', text(SHORT_ID).optional()),
  transaction: keptAs('plain', text(UUID).optional()),
  from: keptAs('plain', time.optional().describe('ISO 8601 with Z or offset')),
  to: keptAs('plain', time.optional().describe('Exclusive')),
  limit: limitArgument,
  after: afterArgument,
}
const EventArguments = z.strictObject(eventArguments)
type EventArguments = z.infer<typeof EventArguments>

/** The filter that the arguments mean, for `user` alone if it is given. */
export function filterOf(
  { from, to, limit: _limit, after: _after, ...members }: EventArguments,
  user: string | undefined,
): EventFilter {
  return {
    ...members,
    user,
    ...(from !== undefined && { fromMs: Date.parse(from) }),
    ...(to !== undefined && { toMs: Date.parse(to) }),
  }
}
