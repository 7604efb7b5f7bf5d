import { z } from 'zod'
import { keptAs } from '#catalog/argument-class.ts'
import type { EventFilter } from '#audit/filter.ts'
import { eventTypes, MOST_EVENTS } from './shown-event.ts'

/*
 * The arguments of the tools. All are ids, closed words, numbers and times, so the audit log keeps them in clear. A blank
 * is in none of them: nobody can put a sentence there.
 */

/** Ids of any kind, of clients too: printable ASCII without a blank. */
const id = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .regex(/^[!-~]+$/)
// Shorter than zod's own patterns: a model pays for each.
const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/)
  .refine((text) => Date.parse(text) >= 0)

/** The user as events have it. Only tools of operators take it. */
export const userArgument = keptAs(
  'plain',
  z
    .string()
    .regex(/^[A-Za-z0-9_-]{22}$/)
    .optional()
    .describe('The pseudonym of a user, as events have it'),
)
export const clientArgument = keptAs('plain', id(2048).optional().describe('A client id, as events have it'))
export const transactionArgument = keptAs('plain', uuid.describe('As events and results have it in _meta'))
export const limitArgument = keptAs(
  'plain',
  z.int().min(1).max(MOST_EVENTS).optional().describe(`Default ${MOST_EVENTS}`),
)
export const afterArgument = keptAs('plain', uuid.optional().describe('next of the page before'))

/** What can be asked of events. */
export const eventArguments = {
  client: clientArgument,
  what: keptAs(
    'plain',
    id(200).optional().describe('The name of a tool, or prompt/… or resource/… and its name'),
  ),
  outcome: keptAs('plain', z.enum(['done', 'refused', 'failed', 'unknown']).optional()),
  type: keptAs('plain', z.enum(eventTypes).optional().describe('A type of event; calls are call')),
  session: keptAs('plain', id(64).optional().describe('The session, as events have it')),
  transaction: keptAs('plain', uuid.optional()),
  from: keptAs('plain', time.optional().describe('ISO 8601 with Z or an offset; inclusive')),
  to: keptAs('plain', time.optional().describe('The same; exclusive')),
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
