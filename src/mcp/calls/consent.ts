import { z } from 'zod'
import { quotedJson } from '#lib/bounded-text.ts'
import { canonicalDigest } from '#lib/hash.ts'
import { err, ok, type Result } from '#lib/result.ts'
import type { Confirmation } from '#catalog/confirmation.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import type { CallContext } from '#catalog/tool-context.ts'
import type { CallProblem } from './tool-denial.ts'

/** Who agreed to a call. A model's word for its user counts only where the client cannot ask; null: nobody. */
export type Consent = { by: 'user'; subject: string } | { by: 'model' } | null

/** Digest of the exact question: a changed text or one more item makes another question. */
export const subjectOf = (confirmation: Confirmation): Promise<string> => canonicalDigest(confirmation)

/**
 * Decides whether the tool may act now, by the current state of the API.
 * @step tool-call 6 the question before an irreversible change
 */
export async function mayAct(
  tool: AnyTool,
  input: unknown,
  context: CallContext,
  consent: Consent,
): Promise<Result<null, CallProblem>> {
  const required = await tool.confirm?.(input, context)
  if (required === undefined) return ok(null)
  if (!required.ok) return required
  const confirmation = required.value
  if (confirmation === null || consent?.by === 'model') return ok(null)
  if (consent === null) return err({ reason: 'unconfirmed', confirmation })
  return consent.subject === (await subjectOf(confirmation)) ? ok(null) : err({ reason: 'changed_meanwhile' })
}

/**
 * A question as a form, the same on both transports. It has one list and one yes for all items, because some clients ask
 * field by field. Foreign text is a read-only value: the list has a single choice, and its texts are quoted as JSON. Every
 * revision of elicitation supports this way to show a value (since MCP 2025-06-18).
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

/** Requires `confirm: true`: some clients fill in required fields by themselves. */
export const isAgreed = (reply: unknown): boolean => Agreed.safeParse(reply).success

/** Reads a client's reply to a question; an invalid reply means that it could not ask. */
export const readReply = (reply: unknown): 'agreed' | 'declined' | 'not_asked' =>
  isAgreed(reply) ? 'agreed' : Answered.safeParse(reply).success ? 'declined' : 'not_asked'

const Elicitation = z.object({ elicitation: z.object({ form: z.unknown(), url: z.unknown() }).partial() })

/** MCP 2026-07-28 Elicitation, Capabilities: an empty capability means forms. */
export function canShowForms(capabilities: unknown): boolean {
  const declared = Elicitation.safeParse(capabilities)
  if (!declared.success) return false
  const { form, url } = declared.data.elicitation
  return form !== undefined || url === undefined
}
