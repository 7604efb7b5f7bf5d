import type { CallFacts } from '#events/call-facts.ts'
import type { BearerAnswer } from '../grants/grant-service.ts'
import type { StepUpDenial, StepUpNeed } from '../requests/step-ups.ts'
import type { CallStart, RequestedCall } from './calls.ts'

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

/** The order of the checks is that of the members (decision 17). Each is only reached if the ones before it passed. */
export interface EntryAnswer extends BearerAnswer {
  /** Whether tools that need audit:read exist for this grant. */
  canAudit: boolean
  /** The needed scopes that the bearer lacks. */
  missing: string[]
  /** A step-up for them; null if none is possible. */
  stepUp: StepUpDenial | null
  /** The call, begun and on record; null if none was requested. */
  start: CallStart | null
}
