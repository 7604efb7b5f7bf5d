import {
  CLIENT_CAPABILITIES_META_KEY,
  inputRequired,
  type InputRequiredResult,
  inputResponse,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { canonicalDigest } from '#lib/hash.ts'
import type { ConfirmationApi } from '#users/requests/confirmations.ts'
import type { Principal } from '#principal.ts'
import { splitConsent } from '#catalog/confirmation.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import type { DenialWords } from './product.ts'
import { type Consent, noConsent, subjectOf } from './consent.ts'
import { type Answered, toToolResult } from './invoke-tool.ts'
import { canShowForms, formOf, readReply } from './question-form.ts'
import { report } from './report.ts'
import { RequestState, type StateKeys, writeState } from './request-state.ts'
import type { CallProblem } from './tool-denial.ts'
import { failure, type ToolResult } from './tool-result.ts'

/** So long may a user think about it, and a client carry the question around. */
const ANSWER_SECONDS = 600
const QUESTION = 'confirm'

export interface StatelessAsking {
  principal: Principal
  keys: () => Promise<StateKeys>
  nowSeconds: () => number
  userApi: () => Promise<ConfirmationApi>
  words: DenialWords
}

type McpRequest = Pick<
  ServerContext['mcpReq'],
  'envelope' | 'inputResponses' | 'droppedInputResponseKeys' | 'requestState'
>

/**
 * MCP 2026-07-28 MRTR: the question is the answer to the first call, and the user's answer comes with a second one,
 * which may reach another machine. Nothing is kept in between; that an answer is used once, its User remembers.
 */
export async function askStateless(
  tool: AnyTool,
  input: Record<string, unknown>,
  mcpReq: McpRequest,
  run: (consent: Consent) => Promise<Answered>,
  asking: StatelessAsking,
): Promise<ToolResult | InputRequiredResult> {
  const canAsk = tool.confirm !== undefined && canShowForms(declared(mcpReq.envelope))
  if (!canAsk) return toToolResult(await run(noConsent))
  const call = await canonicalDigest([tool.name, splitConsent(input).rest])
  const state = RequestState.safeParse(mcpReq.requestState())
  let consent: Consent = { canAsk: true, given: null }
  // A state that comes back without an answer is a question that is asked again.
  if (state.success && hasReply(mcpReq)) {
    const problem = await useAnswer(state.data, call, asking)
    if (problem !== null) return failure(problem, null, asking.words)
    const reply = readReply(inputResponse(mcpReq.inputResponses, QUESTION))
    if (reply === 'declined') return failure({ reason: 'declined' }, null, asking.words)
    if (reply === 'not_asked') return toToolResult(await run(noConsent))
    consent = { canAsk: true, given: state.data.subject }
  }
  const answered = await run(consent)
  const { answer } = answered
  if (answer.ok || answer.error.reason !== 'unconfirmed') return toToolResult(answered)
  const { confirmation } = answer.error
  const endsAtSeconds = asking.nowSeconds() + ANSWER_SECONDS
  const subject = await subjectOf(confirmation)
  const next = { call, subject, nonce: crypto.randomUUID(), endsAtSeconds }
  return inputRequired({
    inputRequests: { [QUESTION]: inputRequired.elicit(formOf(confirmation)) },
    requestState: await writeState(await asking.keys(), asking.principal, next),
  })
}

/** Whether the client sent a reply; the SDK drops malformed ones and lists their keys. */
const hasReply = ({ inputResponses, droppedInputResponseKeys }: McpRequest): boolean =>
  Object.hasOwn(inputResponses ?? {}, QUESTION) || droppedInputResponseKeys?.includes(QUESTION) === true

const Envelope = z.object({ [CLIENT_CAPABILITIES_META_KEY]: z.unknown() })

/** The capabilities of this very request: another one of the same client may declare others. */
const declared = (envelope: unknown): unknown =>
  Envelope.safeParse(envelope).data?.[CLIENT_CAPABILITIES_META_KEY]

/** A "no" is used up as well: the same question cannot be answered twice. */
async function useAnswer(
  { call, nonce, endsAtSeconds }: RequestState,
  calledNow: string,
  { principal, userApi }: StatelessAsking,
): Promise<CallProblem | null> {
  if (call !== calledNow) return { reason: 'bad_confirmation' }
  try {
    const used = { grant: principal.grant, nonce, attempt: crypto.randomUUID(), endsAtSeconds }
    const use = await (await userApi()).useConfirmation(used)
    return use === 'done' ? null : { reason: 'bad_confirmation' }
  } catch (error) {
    report('confirmation.not-used', error, {})
    return { reason: 'not_started', retryAfterSeconds: 5 }
  }
}
