import { z } from 'zod'
import type { CallFacts } from '#events/call-facts.ts'
import { PolicyDenial } from '#policy/policy.ts'
import type { PolicyHead } from '#policy/switches.ts'
import { EndReason } from '../grants/grant.ts'
import type { BearerAnswer } from '../grants/grant-service.ts'
import type { StepUpDenial, StepUpNeed } from '../requests/step-ups.ts'
import { CallStart, type PolicyAsk, type RequestedCall } from './calls.ts'

/** What a request of /mcp presents, and what it asks for. */
export interface Entry {
  grant: string
  /** SHA-256 of the bearer, in hex: the object is never given a bearer. */
  token: string
  /** The resource that the bearer must be for (RFC 8707). */
  audience: string
  /** The session that the request names; null on the stateless transport. */
  session: string | null
  /** null: no head is young enough, so nothing can be decided. */
  policy: PolicyHead | null
  /** null: the message begins nothing, as a notification, so there is nothing to decide. */
  ask: PolicyAsk | null
  /** null: the request needs no scopes of its own. */
  needs: Omit<StepUpNeed, 'grant'> | null
  /** null: nothing is called, or its arguments do not fit. */
  call: RequestedCall | null
  /** A call that the edge refuses, for the audit log. Its bearer may still be refused first. */
  refused?: { tool: string; reason: string; facts: CallFacts }
}

/**
 * From a Worker of a release without policy, which can be there for some moments of a deployment. It asks nothing, so nothing
 * is decided, as nothing is for its lists.
 */
export type EarlierEntry = Omit<Entry, 'policy' | 'ask'> & { policy?: never; ask?: never }

/**
 * The order of the checks is that of the members (decision 17). Each is only reached if the ones before it passed. The Worker
 * parses it: during a deployment its version may differ from the object's, and an answer that lacks a check allows nothing.
 */
export const EntryAnswer = z.object({
  bearer: z
    .object({
      client: z.string(),
      audience: z.string(),
      scopes: z.array(z.string()),
      expiresAtSeconds: z.number(),
      openedAtSeconds: z.number(),
    })
    .nullable(),
  isKnown: z.boolean(),
  ended: EndReason.nullable(),
  session: z.enum(['none', 'open', 'closed']),
  isRefused: z.boolean(),
  waitSeconds: z.number(),
  /** Whether tools that need audit:read exist for this grant. */
  canAudit: z.boolean(),
  /** Which of `ask.list` policy hides, by their place in it. Absent: from an object of a release without policy. */
  hidden: z.array(z.int()).default([]),
  /** The needed scopes that the bearer lacks. */
  missing: z.array(z.string()),
  /** A step-up for them; null if none is possible. */
  stepUp: z
    .union([
      z.object({ state: z.literal('open'), id: z.string(), isAskedAgain: z.boolean() }),
      z.object({ state: z.enum(['denied', 'narrowed']), isAskedAgain: z.boolean() }),
    ])
    .nullable(),
  /**
   * Why policy stops the request. Switches of user, client, domain and everything, and rules about the connection, come
   * before all but bearer and tenant; what is hidden and switches of the subject come before scopes; a denial comes last.
   */
  policy: PolicyDenial.nullable().default(null),
  /** The call, begun and on record; null if none was requested. */
  start: CallStart.nullable(),
}) satisfies z.ZodType<BearerAnswer & { stepUp: StepUpDenial | null }>
export type EntryAnswer = z.infer<typeof EntryAnswer>
