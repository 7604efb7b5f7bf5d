import { z } from 'zod'

/** What is asked of the audit log. Every given member must match. Each question has an index (migrations/). */
export const EventFilter = z.strictObject({
  /** The name of a user's object. */
  user: z.string().max(64).optional(),
  /** A client id. */
  client: z.string().max(2048).optional(),
  /** The name of a tool, prompt or resource. */
  what: z.string().max(200).optional(),
  outcome: z.enum(['done', 'refused', 'failed', 'unknown']).optional(),
  /** A type of event, e.g. `operator.began`. */
  type: z.string().max(64).optional(),
  /** The hash of a session, as events have it. */
  session: z.string().max(64).optional(),
  transaction: z.string().max(64).optional(),
  /** Milliseconds since 1970: from inclusive, to exclusive. */
  fromMs: z.int().min(0).optional(),
  toMs: z.int().min(0).optional(),
})
export type EventFilter = z.infer<typeof EventFilter>

/** `after`: the id of the last event of the page before. Ids are UUIDv7, so they are ordered by time. */
export interface EventPageRequest {
  order: 'oldest' | 'newest'
  after: string | null
  limit: number
  /** For a user's own view: leaves out denials that would say that a hidden name exists. */
  withoutHidden?: boolean
}

/** A session of the session transport, as table `sessions` has it. */
export const ListedSession = z.object({
  id: z.string(),
  user: z.string(),
  grant: z.string().nullable(),
  client: z.string().nullable(),
  agent: z.string().nullable(),
  network: z.string().nullable(),
  app: z.string(),
  openedAt: z.string().nullable(),
  seenAt: z.string(),
  calls: z.object({
    done: z.int(),
    refused: z.int(),
    failed: z.int(),
    unknown: z.int(),
    denied: z.int(),
  }),
  closedAt: z.string().nullable(),
  closedReason: z.string().nullable(),
  auditedBy: z.string().nullable(),
  auditedAt: z.string().nullable(),
  /** The id of the act that marked it; its reason is the note. */
  note: z.string().nullable(),
})
export type ListedSession = z.infer<typeof ListedSession>

export interface SessionFilter {
  user?: string | undefined
  client?: string | undefined
  isOpen?: boolean | undefined
  isAudited?: boolean | undefined
}

/** A row of the directory. Both names are encrypted; the caller opens them. */
export interface DirectoryRow {
  id: string
  name: string | null
  username: string | null
  firstSeenMs: number
  lastSeenMs: number
}
