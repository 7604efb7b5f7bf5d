import { z } from 'zod'
import type { EventFilter, EventPageRequest } from '#audit/filter.ts'
import type { AuditQuestions } from '#audit/read-questions.ts'
import { keptAs } from '#catalog/argument-class.ts'
import { type AnyTool, defineTool } from '#catalog/define-tool.ts'
import type { CallContext } from '#catalog/tool-context.ts'
import type { ToolDenial } from '#catalog/tool-denial.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { within } from '#lib/retry-once.ts'
import { AUDIT_READ } from '#lib/roles.ts'
import { type AskAccess, accessTool } from './access.ts'
import {
  afterArgument,
  clientArgument,
  eventArguments,
  filterOf,
  limitArgument,
  transactionArgument,
  userArgument,
} from './filters.ts'
import { compactPage, EventPage, LATE, MOST_EVENTS, sayPage, showPage } from './shown-event.ts'
import { compactSessions, saySessions, SessionPage, showSessions } from './shown-session.ts'

export interface ActivityDeps {
  questions: Pick<AuditQuestions, 'events' | 'sessions'>
  /** For one question. */
  deadlineMs: number
  /** The name of the object of the user with this id, which was checked before. */
  nameOf: (user: string) => Promise<string>
  access: AskAccess
}

/** The tools of the engine, which every product has: they read the audit log, or what a user may do, and change nothing. */
export function activityTools({ questions, deadlineMs, nameOf, access }: ActivityDeps): readonly AnyTool[] {
  /** An outage of the database is not that of the product's API, so it has a sentence of its own. */
  async function ask<T>(tool: string, question: () => Promise<T>): Promise<Result<T, ToolDenial>> {
    try {
      return ok(await within(deadlineMs, question()))
    } catch (error) {
      log.error('activity.unavailable', {
        tool,
        detail: redacted(error instanceof Error ? error.message : ''),
      })
      return err({ reason: 'no_audit_log' })
    }
  }

  async function askEvents(tool: string, filter: EventFilter, page: EventPageRequest) {
    const found = await ask(tool, () => questions.events(filter, page))
    return found.ok ? ok(showPage(found.value)) : found
  }

  const findMyActivity = defineTool({
    name: 'findMyActivity',
    title: 'Find my activity',
    description:
      'Shows what this server did for the user, the newest first: calls, logins, access of apps. Use it when they ask ' +
      'what was done, when, by which app, or why not. Own events only.',
    input: z.strictObject(eventArguments),
    output: EventPage,
    scopes: [],
    effect: 'read',
    // The user comes from the principal alone: no argument names one.
    run: async (input, { user }: CallContext) =>
      askEvents('findMyActivity', filterOf(input, await nameOf(user)), {
        ...newest(input),
        withoutHidden: true,
      }),
    compact: compactPage,
    say: (page) => sayPage(page, 'findMyActivity', 'the newest'),
  })

  const findActivity = defineTool({
    name: 'findActivity',
    title: 'Find activity of all users',
    description:
      'For operators: finds events of all users, the newest first. Use it to answer who did what, when, through which ' +
      'client, and why something was refused. Users are pseudonyms.',
    input: z.strictObject({ user: userArgument, ...eventArguments }),
    output: EventPage,
    scopes: [AUDIT_READ],
    effect: 'read',
    run: ({ user, ...input }, _context: CallContext) =>
      askEvents('findActivity', filterOf(input, user), newest(input)),
    compact: compactPage,
    say: (page) => `${sayPage(page, 'findActivity', 'the newest')} ${NEXT}`,
  })

  const getTransaction = defineTool({
    name: 'getTransaction',
    title: 'Get a transaction',
    description:
      'For operators: shows every event of one transaction, the oldest first. Use it to trace one call or login.',
    input: z.strictObject({ transaction: transactionArgument, after: afterArgument }),
    output: EventPage,
    scopes: [AUDIT_READ],
    effect: 'read',
    run: ({ transaction, after = null }, _context: CallContext) =>
      askEvents('getTransaction', { transaction }, { order: 'oldest', after, limit: MOST_EVENTS }),
    compact: compactPage,
    say: (page) => sayPage(page, 'getTransaction', 'the oldest'),
  })

  const listSessions = defineTool({
    name: 'listSessions',
    title: 'List sessions of all users',
    description:
      'For operators: lists sessions of MCP clients with their calls, the last used first. Use it to see who is ' +
      'connected, through which client, and what nobody has audited. Clients of the stateless transport have no ' +
      'sessions: use findActivity for them.',
    input: z.strictObject({
      user: userArgument,
      client: clientArgument,
      isOpen: keptAs('plain', z.boolean().optional()),
      isAudited: keptAs('plain', z.boolean().optional()),
      limit: limitArgument,
      after: keptAs(
        'plain',
        z
          .string()
          .refine((given) => /^[0-9TZ:.-]{1,32} [A-Za-z0-9_-]{1,64}$/.test(given))
          .optional()
          .describe('next of the page before'),
      ),
    }),
    output: SessionPage,
    scopes: [AUDIT_READ],
    effect: 'read',
    async run({ limit = MOST_EVENTS, after = null, ...filter }, _context: CallContext) {
      const found = await ask('listSessions', () => questions.sessions(filter, after, limit))
      return found.ok ? ok(showSessions(found.value)) : found
    },
    compact: compactSessions,
    say: (page) => `${saySessions(page)} ${LATE}`,
  })

  return [findMyActivity, accessTool(access), findActivity, getTransaction, listSessions]
}

const NEXT = 'Call getTransaction with a transaction to see all of one call or login.'

const newest = (page: { after?: string | undefined; limit?: number | undefined }): EventPageRequest => ({
  order: 'newest',
  after: page.after ?? null,
  limit: page.limit ?? MOST_EVENTS,
})
