import { canonicalDigest } from '#lib/hash.ts'
import { err, ok, type Result } from '#lib/result.ts'
import type { Confirmation } from '#catalog/confirmation.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import type { CallContext } from '#catalog/tool-context.ts'
import type { CallProblem } from './tool-denial.ts'

/** What a transport knows of the user's consent to one call. */
export interface Consent {
  /** Whether this client can ask the user. Where it can, a model's word that they agreed counts for nothing. */
  canAsk: boolean
  /** Digest of what they agreed to; null: they were not asked. */
  given: string | null
}

export const noConsent: Consent = { canAsk: false, given: null }

/** Digest of exactly what is asked: another text, or one item more, is another question. */
export const subjectOf = (confirmation: Confirmation): Promise<string> => canonicalDigest(confirmation)

/** Whether the tool may act now. It looks at what is there at this moment, whatever was agreed to before. */
export async function mayAct(
  tool: AnyTool,
  input: unknown,
  context: CallContext,
  { canAsk, given }: Consent,
  isConfirmed: boolean,
): Promise<Result<null, CallProblem>> {
  const asking = await tool.confirm?.(input, context)
  if (asking === undefined) return ok(null)
  if (!asking.ok) return asking
  const confirmation = asking.value
  if (confirmation === null || (!canAsk && isConfirmed)) return ok(null)
  if (given === null) return err({ reason: 'unconfirmed', confirmation })
  return given === (await subjectOf(confirmation)) ? ok(null) : err({ reason: 'changed_meanwhile' })
}
