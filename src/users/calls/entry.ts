import { z } from 'zod'
import type { CallFacts } from '#events/call-facts.ts'
import { EndReason } from '../grants/grant.ts'
import type { BearerAnswer } from '../grants/grant-service.ts'
import type { StepUpDenial, StepUpNeed } from '../requests/step-ups.ts'
import { CallStart, type RequestedCall } from './calls.ts'

/** What a request of /mcp presents, and what it asks for. */
export interface Entry {
  grant: string
  /** SHA-256 of the bearer, in hex: the object is never given a bearer. */
  token: string
  /** The resource that the bearer must be for (RFC 8707). */
  audience: string
  /** The session that the request names; null on the stateless transport. */
  session: string | null
  /** null: the request needs no scopes of its own. */
  needs: Omit<StepUpNeed, 'grant'> | null
  /** null: nothing is called, or its arguments do not fit. */
  call: RequestedCall | null
  /** A call that the edge refuses, for the audit log. Its bearer may still be refused first. */
  refused?: { tool: string; reason: string; facts: CallFacts }
}

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
  /** The needed scopes that the bearer lacks. */
  missing: z.array(z.string()),
  /** A step-up for them; null if none is possible. */
  stepUp: z
    .union([
      z.object({ state: z.literal('open'), id: z.string(), isAskedAgain: z.boolean() }),
      z.object({ state: z.enum(['denied', 'narrowed']), isAskedAgain: z.boolean() }),
    ])
    .nullable(),
  /** The call, begun and on record; null if none was requested. */
  start: CallStart.nullable(),
}) satisfies z.ZodType<BearerAnswer & { stepUp: StepUpDenial | null }>
export type EntryAnswer = z.infer<typeof EntryAnswer>
