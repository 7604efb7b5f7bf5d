import { z } from 'zod'
import { keptAs } from './argument-class.ts'

/** What a tool wants to know from the user before it acts. */
export interface Confirmation {
  /** Words of ours only, counts at most: what anyone else wrote is in the items (invariant 9). */
  question: string
  /** What it is about, one line each: values in fields of their own, wherever they are shown. */
  items: readonly { id: string; text: string }[]
}

/** The one argument that every tool with `confirm` has besides its own (define-tool.ts). */
export const confirmArgument = keptAs(
  'plain',
  z
    .boolean()
    .optional()
    .describe(
      'true: the user was asked about exactly this and agreed. Only where the tool said that it is needed',
    ),
)

/** The arguments of a call without what is said about consent: they alone say what is to be done. */
export function splitConsent(input: Record<string, unknown>): {
  rest: Record<string, unknown>
  isConfirmed: boolean
} {
  const { confirm, ...rest } = input
  return { rest, isConfirmed: confirm === true }
}
