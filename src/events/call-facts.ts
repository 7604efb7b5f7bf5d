import { z } from 'zod'

/** What kind of thing a call is for. */
export const CallKind = z.enum(['tool', 'prompt', 'resource', 'completion'])
export type CallKind = z.infer<typeof CallKind>

/** How an argument may be kept (decision 26). `secret` is never kept, so it is in no event. */
export type ArgumentClass = 'plain' | 'personal' | 'hash' | 'secret'

/**
 * The arguments of a call by class, in clear, on their way to the user's object, which encrypts or hashes them.
 * `cut`: the names of fields that were too long to keep.
 */
export const ClassifiedArguments = z.strictObject({
  plain: z.record(z.string(), z.unknown()).optional(),
  personal: z.record(z.string(), z.unknown()).optional(),
  hash: z.record(z.string(), z.unknown()).optional(),
  cut: z.array(z.string()).optional(),
})
export type ClassifiedArguments = z.infer<typeof ClassifiedArguments>

/** What the edge knows about a call or its denial, except the name of what is called. */
export const CallFacts = z.strictObject({
  kind: CallKind,
  /** The caller's network (lib/addresses.ts). */
  network: z.string(),
  /** The family of its user agent: one of a fixed list, never the header itself. */
  agent: z.string(),
  /** Size of the client's message in bytes. */
  bytesIn: z.int(),
  /** A short hash of the session's id: it opens nothing. */
  session: z.string().optional(),
  progressToken: z.union([z.string(), z.number()]).optional(),
  /** The scopes that the call needs. */
  scopes: z.array(z.string()),
  arguments: ClassifiedArguments,
})
export type CallFacts = z.infer<typeof CallFacts>

/** The requests that a call made to the API. */
export const ApiFacts = z.strictObject({
  requests: z.int(),
  /** HTTP status of the last answer; absent: there was none. */
  status: z.int().optional(),
  ms: z.int(),
  bytesSent: z.int(),
  bytesReceived: z.int(),
  /** The API's own correlation id, if its last answer had one. */
  correlation: z.string().optional(),
})
export type ApiFacts = z.infer<typeof ApiFacts>

/** What is known of a call at its end. */
export const EndFacts = z.strictObject({
  /** Why there was no output: the `reason` of its problem. */
  reason: z.string().optional(),
  incident: z.string().optional(),
  ms: z.int(),
  api: ApiFacts.optional(),
  /** Who confirmed the effect; absent: no confirmation was needed. */
  confirmedBy: z.enum(['user', 'model']).optional(),
})
export type EndFacts = z.infer<typeof EndFacts>
