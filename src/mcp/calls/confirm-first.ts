import { type Confirmation, splitConsent } from '#catalog/confirmation.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import type { Principal } from '#principal.ts'
import type { Caller } from './caller.ts'
import { type Consent, subjectOf } from './consent.ts'
import { describe, invoke, toToolResult } from './invoke-tool.ts'
import { failure, type ToolResult } from './tool-result.ts'

/** A call of a tool that may have to ask its user first. */
export interface ConfirmableCall {
  tool: AnyTool
  input: Record<string, unknown>
  principal: Principal
  caller: Caller
}

/** What the user must agree to before the call acts, and the call that found it out. */
export interface Question {
  confirmation: Confirmation
  transaction: string
}

/** Enters to describe (decision 17). Acts at once when nothing has to be confirmed. */
export async function confirmFirst(call: ConfirmableCall): Promise<ToolResult | Question> {
  const { answer, ...rest } = await describe(call.tool, call.input, call.principal, call.caller)
  if (!answer.ok) return toToolResult({ ...rest, answer })
  // An earlier call with the same idempotency key did it.
  if (!('confirmation' in answer.value))
    return toToolResult({ ...rest, answer: { ...answer, value: answer.value } })
  const { confirmation } = answer.value
  if (confirmation === null) return act(again(call, false), null)
  return { confirmation, transaction: rest.transaction }
}

/** Enters to act: in the call that the edge began with the user's answer, or in one of its own. Every check is repeated. */
export async function act(
  { tool, input, principal, caller }: ConfirmableCall,
  consent: Consent,
): Promise<ToolResult> {
  return toToolResult(await invoke(tool, input, principal, { ...caller, consent }))
}

/** The call is used: what follows enters again. */
const again = (call: ConfirmableCall, isAfterQuestion: boolean): ConfirmableCall => ({
  ...call,
  caller: { ...call.caller, entered: undefined, answer: undefined, isAfterQuestion },
})

export const actAsAgreed = async (call: ConfirmableCall, { confirmation }: Question): Promise<ToolResult> =>
  act(again(call, true), { by: 'user', subject: await subjectOf(confirmation) })

/** Where the client cannot ask: the model shows what is to be done, and calls again with `confirm: true`. */
export async function actOnWordOfModel(
  call: ConfirmableCall,
  { confirmation, transaction }: Question,
): Promise<ToolResult> {
  if (splitConsent(call.input).isConfirmed) return act(again(call, true), { by: 'model' })
  return failure({ reason: 'unconfirmed', confirmation }, transaction, call.caller.product.words)
}
