import { z } from 'zod'
import type { Outlook } from './outlook.ts'
import type { Decision, Explanation, Question } from './question.ts'

/** A compiled document. Made once per isolate and hash (compile.ts); pure. */
export interface Policy {
  /** SHA-256 of the document's canonical form (canonical.ts). It stands in every decision. */
  readonly hash: string
  /** In seconds: claims that are older are renewed before they count. */
  readonly claimsMaxAgeSeconds: number
  /** Whether a rule reads groups or claims of the user. */
  readonly readsClaims: boolean
  /** Whether a rule is about the connection itself. */
  readonly hasServerRules: boolean
  /** The one decision for list and call (invariant 11). */
  decide(question: Question): Decision
  /** The same decision, and what every rule said. */
  explain(question: Question): Explanation
  /**
   * For a question that was denied: when the same question is allowed, if all but the time stays, to the minute and within
   * eight days. null: not by waiting.
   */
  opensAtMs(question: Question): number | null
  /** What a call of the subject would be now, whatever its arguments. `isTemplate`: its name stands for all its URIs. */
  outlook(about: Omit<Question, 'phase' | 'args'>, isTemplate: boolean): Outlook
}

/** Why a request is not let through, as a user or model is told. It crosses RPC. */
export const PolicyDenial = z.object({
  /**
   * `switched_off`: a switch of an operator. `policy_hidden`: the subject does not exist for this principal, which gets the
   * bytes of an unknown name. `policy_needs_approval`: this release can give none. `policy_no_access`: a rule about the
   * connection itself. `policy_unavailable`: policy, Control or fresh claims cannot be read now: HTTP 503, never a denial.
   */
  reason: z.enum([
    'switched_off',
    'policy_hidden',
    'policy_denied',
    'policy_needs_approval',
    'policy_no_access',
    'policy_unavailable',
  ]),
  /** The rule, or the id of the switch; null: the document's default. */
  rule: z.string().nullable(),
  says: z.string().nullable(),
  /** When it opens, or when the switch ends; null: not by waiting. */
  opensAtMs: z.number().nullable(),
})
export type PolicyDenial = z.infer<typeof PolicyDenial>
