import { z } from 'zod'
import { quotedJson } from '#lib/bounded-text.ts'
import type { Confirmation } from '#catalog/confirmation.ts'

/**
 * A question as a form, the same on both transports: one list and one yes for all of it, because some clients ask field by
 * field. What others wrote is a value that can only be looked at: the list is a choice of one, and its texts are quoted as
 * JSON. That is the one way to show a value that every revision of elicitation has (since MCP 2025-06-18).
 */
export const formOf = ({ question, items }: Confirmation) => ({
  message: question,
  requestedSchema: {
    type: 'object' as const,
    properties: {
      items: {
        type: 'string' as const,
        title: items.length === 1 ? 'This one' : `These ${items.length}`,
        enum: [items.map(({ text }) => quotedJson(text)).join(', ')],
      },
      confirm: { type: 'boolean' as const, title: 'Yes, do this', default: false },
    },
    required: ['confirm'],
  },
})

const Agreed = z.object({ action: z.literal('accept'), content: z.object({ confirm: z.literal(true) }) })
const Answered = z.object({ action: z.enum(['accept', 'decline', 'cancel']) })

/** Sending a form off is not enough: some clients fill in what is required by themselves. */
export const isAgreed = (reply: unknown): boolean => Agreed.safeParse(reply).success

/** A client's reply to a question: yes, no, or (anything but an answer) that it could not ask. */
export const readReply = (reply: unknown): 'agreed' | 'declined' | 'not_asked' =>
  isAgreed(reply) ? 'agreed' : Answered.safeParse(reply).success ? 'declined' : 'not_asked'

const Elicitation = z.object({ elicitation: z.object({ form: z.unknown(), url: z.unknown() }).partial() })

/** MCP 2026-07-28 Elicitation, Capabilities: an empty one means forms. */
export function canShowForms(capabilities: unknown): boolean {
  const declared = Elicitation.safeParse(capabilities)
  if (!declared.success) return false
  const { form, url } = declared.data.elicitation
  return form !== undefined || url === undefined
}
