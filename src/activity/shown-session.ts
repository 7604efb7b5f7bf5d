import { z } from 'zod'
import type { ListedSession } from '#audit/filter.ts'
import { textUpTo } from '#lib/bounded-text.ts'

const word = z.string().max(64)

/** A session as a model may see it. The name that its client gives itself is not there. */
const ShownSession = z.object({
  session: word,
  user: word,
  client: z.string().max(2048).nullable(),
  agent: word.nullable(),
  network: word.nullable(),
  openedAt: word.nullable(),
  seenAt: word,
  calls: z.object({ done: z.int(), refused: z.int(), failed: z.int(), unknown: z.int(), denied: z.int() }),
  closedAt: word.nullable(),
  closedReason: word.nullable(),
  /** The operator who marked it as audited, and the id of that act. */
  auditedBy: word.nullable(),
  auditedAt: word.nullable(),
  act: word.nullable(),
})

/** The schema of the tool, which models read in every session, names the fields of a session without their forms. */
export const SessionPage = z.object({
  sessions: z
    .array(
      z
        .looseObject({ session: z.string(), user: z.string(), seenAt: z.string() })
        .meta({ additionalProperties: true }),
    )
    .describe('With client, calls by outcome, openedAt, closedAt, auditedBy, …'),
  next: textUpTo(200).nullable(),
})
export type SessionPage = z.infer<typeof SessionPage>

export const showSessions = ({
  items,
  next,
}: {
  items: readonly ListedSession[]
  next: string | null
}): SessionPage => ({
  sessions: items.map(({ id: session, note: act, ...facts }) =>
    ShownSession.parse({ session, ...facts, act }),
  ),
  next,
})

/** The page as rows: session, user and last use, then what is known of the rest by name. */
export const compactSessions = ({ sessions, next }: SessionPage) => ({
  sessions: sessions.map(({ session, user, seenAt, ...facts }) => [
    session,
    user,
    seenAt,
    Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null)),
  ]),
  next,
})

export function saySessions({ sessions, next }: SessionPage): string {
  const count = sessions.length === 1 ? '1 session' : `${sessions.length || 'No'} sessions`
  const rows =
    sessions.length === 0
      ? ''
      : ' Each row below has the session, the user, when it was last used (UTC), and its other facts. Call findActivity with session set to one to see its events.'
  const more = next === null ? '' : ' There may be more: call listSessions with after set to next.'
  return `${count}.${rows}${more}`
}
