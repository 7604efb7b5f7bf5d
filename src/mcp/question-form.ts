import { z } from 'zod'
import type { Confirmation } from '../tools/confirmation.ts'

/**
 * A question as a form, the same in both lanes. What others wrote is a value that can only be looked at: each item is a
 * choice of one. That is the one way to show a value that every revision of elicitation has (since MCP 2025-06-18).
 */
export const formOf = ({ question, items }: Confirmation) => ({
  message: question,
  requestedSchema: {
    type: 'object' as const,
    properties: {
      ...Object.fromEntries(
        items.map(({ text }, at) => [`item${at + 1}`, shownItem(text, at, items.length)]),
      ),
      confirm: { type: 'boolean' as const, title: 'Yes, do this', default: false },
    },
    required: ['confirm'],
  },
})

const shownItem = (text: string, at: number, count: number) => ({
  type: 'string' as const,
  title: `${at + 1} of ${count}`,
  enum: [text],
})

const Agreed = z.object({ action: z.literal('accept'), content: z.object({ confirm: z.literal(true) }) })

/** Sending a form off is not enough: some clients fill in what is required by themselves. */
export const isAgreed = (reply: unknown): boolean => Agreed.safeParse(reply).success

const Elicitation = z.object({ elicitation: z.object({ form: z.unknown(), url: z.unknown() }).partial() })

/** MCP 2026-07-28 Elicitation, Capabilities: an empty one means forms. */
export function canShowForms(capabilities: unknown): boolean {
  const declared = Elicitation.safeParse(capabilities)
  if (!declared.success) return false
  const { form, url } = declared.data.elicitation
  return form !== undefined || url === undefined
}
