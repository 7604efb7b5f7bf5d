import { z } from 'zod'
import { PolicyDenial } from '#policy/policy.ts'
import type { Subject } from '#policy/question.ts'
import type { PolicyHead } from '#policy/switches.ts'
import type { PolicyAsk } from './calls.ts'

/** One thing that could be called, read or got. */
export interface AccessSubject {
  subject: Subject
  /** Every scope that it needs. */
  scopes: string[]
  /** Its name is a template, which stands for all its URIs. */
  isTemplate: boolean
  /** The variables of one URI of a template; null: arguments are not known. */
  args: PolicyAsk['args']
}

/** What the user and client of a grant may do now. It changes nothing. */
export interface AccessQuestion extends Pick<PolicyAsk, 'transport' | 'network'> {
  grant: string
  /** Of the access token. */
  scopes: string[]
  /** null: no head is young enough, so nothing can be decided. */
  policy: PolicyHead | null
  subjects: AccessSubject[]
}

const Access = z.object({
  now: z.enum(['yes', 'no', 'depends']),
  /** Why not; null: nothing denies it, or only its scopes are missing. */
  denial: PolicyDenial.nullable(),
  /** Another time, network or sign-in can allow it. */
  canPass: z.boolean(),
  /** The needed scopes that the access token lacks. */
  missing: z.array(z.string()),
})
export type Access = z.infer<typeof Access>

/** The Worker parses it: its version may differ from the object's. */
export const AccessAnswer = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('known'),
    /** When the grant ends at the latest, in seconds since 1970. */
    grantEndsAtSeconds: z.number(),
    /** In the order of the question; null: to this user and client it does not exist. */
    subjects: z.array(Access.nullable()),
  }),
  /** Policy or fresh claims cannot be read now: nothing is decided. */
  z.object({ state: z.literal('unavailable') }),
  z.object({ state: z.literal('ended') }),
])
export type AccessAnswer = z.infer<typeof AccessAnswer>
